import { accessible, alive, expect, test } from "../house.js";

const row = (page, text) => page.locator(".message").filter({ hasText: text });

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";
  test(`a room is made, found, joined and kept in order by three people${how}`, async ({ visit, house }) => {
    const mara = await house.person("mara", "Mara Lindqvist");
    const theo = await house.person("theo", "Theo Okafor");
    const ines = await house.person("ines", "Inês Duarte");
    const name = `Garden ${mara.username}`;
    const hers = await visit(mara, { javaScriptEnabled });
    await hers.goto("/rooms/new");
    await accessible(hers);
    await hers.getByLabel("Name").fill(name);
    await hers.getByLabel("Topic").fill("What grows");
    await hers.getByLabel(/Everyone in this house/).check();
    await hers.getByRole("button", { name: "Make the room" }).click();
    await expect(hers.getByRole("heading", { name, level: 1 })).toBeVisible();
    await expect(hers.locator(".page-header__about")).toContainText("What grows");
    const settings = `${new URL(hers.url()).pathname}/settings`;

    // Theo finds it in the directory.
    const his = await visit(theo, { javaScriptEnabled });
    await his.goto("/rooms");
    await accessible(his);
    await his.getByLabel("Find a room").fill(name);
    await his.keyboard.press("Enter");
    await expect(his).toHaveURL(/query=/);
    await his.getByRole("button", { name: `Join ${name}` }).click();
    await expect(his.getByRole("heading", { name, level: 1 })).toBeVisible();

    // Inês comes by an address.
    await hers.goto(settings);
    await accessible(hers);
    await hers.getByRole("button", { name: "Make an address" }).click();
    const address = await hers.getByLabel("The address").inputValue();
    await expect(hers.getByRole("img", { name: /to be photographed/ })).toBeVisible();
    const third = await visit(ines, { javaScriptEnabled });
    await third.goto(new URL(address).pathname);
    await expect(third.getByText("Mara Lindqvist invites you to")).toBeVisible();
    await accessible(third);
    await third.getByRole("button", { name: "Join the room" }).click();
    await expect(third.getByRole("heading", { name, level: 1 })).toBeVisible();

    // Theo becomes a moderator, and removes her.
    const about = async (page, person, step) => {
      const person_ = page.locator(".person").filter({ hasText: person });
      await person_.locator("summary").click();
      await person_.getByRole("button", { name: step, exact: true }).click();
      await expect(page.getByText("Done.", { exact: true })).toBeVisible();
    };
    await hers.goto(settings);
    await about(hers, "Theo Okafor", "Make moderator");
    await expect(hers.locator(".person").filter({ hasText: "Theo Okafor" })).toContainText("moderator");
    await his.goto(settings);
    await expect(his.locator(".person").filter({ hasText: "Mara Lindqvist" }).locator("summary")).toHaveCount(0);
    await about(his, "Inês Duarte", "Remove");
    if (!javaScriptEnabled) await third.reload();
    await expect(third.getByRole("heading", { name, level: 1 })).toHaveCount(0);
    await expect(third.getByText("Nothing here").last()).toBeVisible();
    await hers.goto(settings);
    await expect(hers.locator(".log")).toContainText("Theo Okafor removed Inês Duarte");

    // The name changes in every list.
    await hers.getByLabel("Name").fill(`${name} club`);
    await hers.getByRole("button", { name: "Save" }).first().click();
    await expect(hers.getByText("Saved.", { exact: true })).toBeVisible();
    await his.goto("/");
    await expect(his.locator(".room-row").filter({ hasText: `${name} club` })).toBeVisible();

    await his.goto(settings);
    await his.getByRole("button", { name: "Leave the room" }).click();
    await expect(his.locator(".room-row").filter({ hasText: name })).toHaveCount(0);
    await hers.goto(settings);
    await hers.getByText("Delete the room …").click();
    await hers.getByRole("button", { name: "Delete it for everyone" }).click();
    await expect(hers.locator(".room-row").filter({ hasText: name })).toHaveCount(0);
  });
}

test("messages are formatted, answered, reacted to, edited, deleted and brought back, live", async ({ visit, house }) => {
  const { mara, theo } = await house.friends();
  const made = await house.rest("POST", "/rooms", {
    token: mara.token,
    body: { name: "Garden club", kind: "private", members: [theo.username] },
  });
  const room = made.body.id;
  const hers = await visit(mara);
  const his = await visit(theo);
  for (const page of [hers, his]) {
    await page.goto(`/rooms/${room}`);
    await alive(page);
  }
  const say = async (page, text) => {
    await page.getByRole("textbox", { name: "Message Garden club" }).fill(text);
    await page.keyboard.press("Enter");
  };
  await say(hers, "**Bold** and *slanted*, `code`, ||a secret||, https://kith.example/x.");
  const styled = row(his, "Bold");
  await expect(styled.locator(".md-strong")).toHaveText("Bold");
  await expect(styled.locator("code")).toHaveText("code");
  await expect(styled.getByRole("link", { name: "https://kith.example/x" })).toHaveAttribute("rel", /noopener/);
  await expect(styled.locator(".message__body")).toHaveText(/a secret, https:\/\/kith\.example\/x\.\s*$/);
  await say(hers, "> quoted\n\n- one\n- two\n```\nlet x = 1;\n```");
  await expect(row(his, "quoted").locator("blockquote")).toHaveText("quoted");
  await expect(row(his, "quoted").locator("li")).toHaveText(["one", "two"]);
  await expect(row(his, "quoted").locator("pre")).toHaveText("let x = 1;");

  // A reaction, from both.
  await styled.hover();
  await styled.getByRole("button", { name: "React" }).click();
  await styled.getByRole("button", { name: "🎉" }).click();
  await expect(styled.getByRole("button", { name: "🎉 1" })).toHaveAttribute("aria-pressed", "true");
  const chip = row(hers, "Bold").getByRole("button", { name: "🎉 1" });
  await expect(chip).toHaveAttribute("aria-pressed", "false");
  await chip.click();
  await expect(styled.getByRole("button", { name: "🎉 2" })).toBeVisible();
  await accessible(his);

  // A mention in an answer.
  await styled.hover();
  await styled.getByRole("button", { name: "Reply" }).click();
  await expect(his.locator(".replying")).toContainText("Mara Lindqvist");
  await say(his, `yes @${mara.username}, **indeed**`);
  const answer = row(hers, "indeed");
  await expect(answer.locator(".quote")).toContainText("Bold");
  await expect(answer).toHaveClass(/message--mention/);
  await expect(answer.getByRole("link", { name: `@${mara.username}` })).toBeVisible();

  // The last of one's own, by the keyboard.
  await expect(row(his, "indeed").getByRole("img", { name: "Stored" })).toBeVisible();
  await his.getByRole("textbox", { name: "Message Garden club" }).press("ArrowUp");
  await his.getByRole("textbox", { name: "Edit the message" }).fill("no, after all");
  await his.keyboard.press("Enter");
  await expect(row(hers, "no, after all")).toContainText("(edited)");

  // The owner deletes it, and thinks better of it.
  const edited = row(hers, "no, after all");
  await edited.hover();
  await edited.getByRole("button", { name: "Delete" }).click();
  await hers.getByRole("button", { name: "Undo" }).click();
  await expect(edited).toBeVisible();
  await expect(row(his, "no, after all")).toBeVisible();
  // There is a while to undo it, and none for the others to be spared it.
  const kept = row(hers, "quoted");
  await kept.hover();
  await kept.getByRole("button", { name: "Delete" }).click();
  await expect(row(his, "This message was deleted.")).toBeVisible();
  await accessible(hers);
});
