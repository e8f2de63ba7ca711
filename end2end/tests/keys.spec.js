// Going about by keyboard, and what helps while one writes.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { House, accessible, alive, expect, test } from "../house.js";

test("Ctrl+K goes anywhere, Alt and arrows from room to room, ? shows all keys", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const made = await house.rest("POST", "/rooms", { token: theo.token, body: { name: `Orchard ${theo.username}`, kind: "private" } });
  await house.say(mara, room, "hello");
  const page = await visit(theo);
  await alive(page);
  await page.keyboard.press("Control+k");
  const box = page.getByRole("combobox").first();
  await expect(box).toBeFocused();
  await page.keyboard.type("orch");
  await expect(page.getByRole("option", { name: `Orchard ${theo.username} room` })).toBeVisible();
  await accessible(page);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`/rooms/${made.body.id}`);
  await page.keyboard.press("Control+k");
  await box.fill("settings");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/settings");
  await page.goto(`/rooms/${made.body.id}`);
  await alive(page);
  await page.keyboard.press("Alt+ArrowDown");
  await expect(page).toHaveURL(`/rooms/${room}`);
  await page.keyboard.press("Alt+ArrowUp");
  await expect(page).toHaveURL(`/rooms/${made.body.id}`);
  // Not while one writes.
  await page.getByRole("textbox", { name: /^Message/ }).fill("really");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeHidden();
  await page.goto("/friends");
  await alive(page);
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keys" });
  await expect(keys).toBeVisible();
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect(keys).toBeHidden();
});

test("a mention is completed, by keyboard and by mouse, and tells who is meant", async ({ visit, house }) => {
  const mara = await house.person("mara", "Mara Lindqvist");
  const theo = await house.person("theo", "Theo Okafor");
  const made = await house.rest("POST", "/rooms", { token: mara.token, body: { name: `Beds ${mara.username}`, kind: "public" } });
  const room = made.body.id;
  await house.rest("PUT", `/rooms/${room}/members/me`, { token: theo.token });
  const page = await visit(mara);
  await page.goto(`/rooms/${room}`);
  await alive(page);
  const box = page.getByRole("textbox", { name: /^Message/ });
  await box.pressSequentially("Look, @oka");
  const option = page.getByRole("option", { name: "Theo Okafor" });
  await expect(option).toBeVisible();
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect(option).toBeHidden();
  await box.fill("");
  await box.pressSequentially("Look, @the");
  await expect(option).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(box).toHaveValue(`Look, @${theo.username} `);
  await box.pressSequentially("and @the");
  await option.click();
  await expect(box).toHaveValue(`Look, @${theo.username} and @${theo.username} `);
  await page.keyboard.press("Enter");
  await expect(page.locator(".message .mention").first()).toHaveText(`@${theo.username}`);
  const told = async () => (await house.rest("GET", "/notifications", { token: theo.token })).body.items[0]?.kind;
  await expect.poll(told).toBe("mention");
});

test("code has colours and is copied", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const code = 'let rota = "Tuesdays"; // not at noon\nif (day % 4) water(1);';
  await house.say(mara, room, "plain words first");
  const page = await visit(theo, { permissions: ["clipboard-read", "clipboard-write"] });
  const scripts = [];
  page.on("request", (request) => scripts.push(new URL(request.url()).pathname));
  await page.goto(`/rooms/${room}`);
  await alive(page);
  expect(scripts).not.toContain("/code.js");
  await house.say(mara, room, `\`\`\`\n${code}\n\`\`\``);
  await expect(page.locator("pre code")).toHaveText(code);
  const painted = (kind) =>
    page.evaluate((name) => [...(CSS.highlights.get(`code-${name}`) ?? [])].map(String).sort(), kind);
  await expect.poll(() => painted("keyword")).toEqual(["if", "let"]);
  expect(await painted("string")).toEqual(['"Tuesdays"']);
  expect(await painted("comment")).toEqual(["// not at noon"]);
  expect(await painted("number")).toEqual(["1", "4"]);
  await page.locator("pre").hover();
  await page.getByRole("button", { name: "Copy" }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(code);
  await accessible(page);
});

test("a house with empty settings opens, and nobody else looks into its data", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kith-"));
  const data = join(folder, "data");
  const empty = { KITH_PUBLIC_URL: "", KITH_SMTP_URL: "", DATABASE_URL: "", REDIS_URL: "", KITH_TRUSTED_PROXIES: "", KITH_LIMITS: "" };
  const house = await House.open({ ...empty, KITH_DATA: data });
  try {
    expect((await fetch(`${house.url}/health/ready`)).status).toBe(200);
    expect((await stat(data)).mode & 0o777).toBe(0o700);
  } finally {
    await house.close();
    await rm(folder, { recursive: true });
  }
});
