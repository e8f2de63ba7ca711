// Rooms for everyone's eyes, and rooms that keep nothing.
import { House, accessible, alive, expect, test } from "../house.js";

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";
  test(`the home page shows General to who is not signed in${how}`, async ({ visit, house }) => {
    const mara = await house.person("mara", "Mara Lindqvist");
    const { body } = await house.rest("GET", "/rooms/public?query=General");
    const general = body.items[0].id;
    await house.rest("PUT", `/rooms/${general}/members/me`, { token: mara.token });
    await house.say(mara, general, `Welcome **all** ${mara.username}`);
    const page = await visit(null, { javaScriptEnabled });
    await page.goto("/");
    await expect(page.getByRole("heading", { name: "General", level: 1 })).toBeVisible();
    await expect(page.getByText(`Welcome all ${mara.username}`)).toBeVisible();
    await expect(page.getByText("You must be signed in to chat.")).toBeVisible();
    await expect(page.getByRole("textbox")).toHaveCount(0);
    await accessible(page);
    if (javaScriptEnabled) {
      await alive(page);
      await house.say(mara, general, `This is live, ${mara.username}`);
      await expect(page.getByText(`This is live, ${mara.username}`)).toBeVisible();
      await page.getByText(`This is live, ${mara.username}`).hover();
      await expect(page.getByRole("button", { name: "Reply" })).toHaveCount(0);
    }
    await page.getByRole("link", { name: "Sign in" }).first().click();
    await expect(page).toHaveURL(/\/sign-in\?next=/);

    // Who is signed in and not in it reads it too, and is shown the way in.
    const theo = await house.person("theo", "Theo Okafor");
    const his = await visit(theo, { javaScriptEnabled });
    await his.goto(`/rooms/${general}`);
    await expect(his.getByText(`Welcome all ${mara.username}`)).toBeVisible();
    await accessible(his);
    await his.getByRole("button", { name: "Join" }).click();
    await expect(his.getByRole("textbox", { name: "Message General" })).toBeVisible();
  });
}

test("a visitor comes back by themselves, and misses nothing", async ({ browser }) => {
  const house = await House.open();
  try {
    const mara = await house.person("mara", "Mara Lindqvist");
    const { body } = await house.rest("GET", "/rooms/public?query=General");
    const general = body.items[0].id;
    await house.rest("PUT", `/rooms/${general}/members/me`, { token: mara.token });
    const page = await browser.newPage({ baseURL: house.url });
    await page.goto("/");
    await alive(page);
    await house.kill();
    await house.start();
    await house.say(mara, general, "said while nobody was connected");
    await expect(page.getByText("said while nobody was connected")).toBeVisible({ timeout: 60_000 });
    await page.close();
  } finally {
    await house.close();
  }
});

test("a room that keeps nothing says so, shows a receipt, and forgets with the page", async ({ visit, house }) => {
  const mara = await house.person("mara", "Mara Lindqvist");
  const theo = await house.person("theo", "Theo Okafor");
  const name = `Passing ${mara.username}`;
  const hers = await visit(mara);
  await hers.goto("/rooms/new");
  await hers.getByLabel("Name").fill(name);
  await hers.getByLabel(/Everyone in this house/).check();
  await hers.getByLabel("What is said is kept").selectOption({ label: "not at all: just passing through" });
  await hers.getByRole("button", { name: "Make the room" }).click();
  await expect(hers.locator(".page-header__about")).toContainText("nothing is kept");
  await expect(hers.getByText("Just passing through")).toBeVisible();
  await alive(hers);
  await accessible(hers);
  const path = new URL(hers.url()).pathname;
  const room = path.split("/").pop();
  const early = await visit(theo);
  await house.rest("PUT", `/rooms/${room}/members/me`, { token: theo.token });
  await early.goto(path);
  await alive(early);
  // Whose page is connected hears what is kept nowhere: what one says oneself is stored only by then.
  await hers.getByRole("textbox").fill("First words");
  await hers.keyboard.press("Enter");
  await expect(hers.locator(".message").filter({ hasText: "First words" })).toBeVisible();
  await expect(hers.locator(".message--pending")).toHaveCount(0);
  await early.getByRole("textbox").fill("I am here");
  await early.keyboard.press("Enter");
  await expect(hers.locator(".message").filter({ hasText: "I am here" })).toBeVisible();
  await hers.getByRole("textbox").fill("Here and gone");
  await hers.keyboard.press("Enter");
  await expect(early.getByText("Here and gone")).toBeVisible();
  await expect(hers.locator(".message").filter({ hasText: "Here and gone" })).toHaveCount(1);
  await expect(hers.locator(".message--pending")).toHaveCount(0);
  await early.reload();
  await expect(early.getByText("Just passing through")).toBeVisible();
  await expect(early.getByText("Here and gone")).toHaveCount(0);
  await early.goto(`${path}/settings`);
  await expect(early.getByText("Rows stored of what was said here: 0")).toBeVisible();
  await accessible(early);
});
