import { PASSWORD, House, accessible, alive, expect, signIn, test } from "../house.js";

const card = (page, text) => page.locator(".card").filter({ hasText: text });
const bell = (page) => page.locator("summary", { has: page.locator("use[href='#i-bell']") });

test("a request is a card on every device, answered in it, and says what became of it", async ({ visit, house }) => {
  const mara = await house.person("mara", "Mara Lindqvist");
  const theo = await house.person("theo", "Theo Okafor");
  const hers = await visit(mara);
  const phone = await visit(theo, { viewport: { width: 360, height: 740 } });
  const laptop = await visit(theo);
  await alive(phone);
  await alive(laptop);
  await hers.goto(`/people/${theo.username}`);
  await hers.getByRole("button", { name: "Add friend Theo Okafor" }).click();

  await expect(phone.getByRole("link", { name: /^Activity ?, 1 new$/ })).toBeVisible();
  await expect(laptop).toHaveTitle(/^\(1\)/);
  await expect(bell(laptop)).toHaveAccessibleName("Activity, 1 unread");
  await bell(laptop).click();
  await expect(card(laptop, "Mara Lindqvist sent you a friend request.")).toBeVisible();
  await accessible(laptop);
  // Opening it has read it, here and there.
  await expect(bell(laptop)).toHaveAccessibleName("Activity");
  await expect(phone.getByRole("link", { name: /^Activity ?, 1 new$/ })).toHaveCount(0);
  await phone.getByRole("link", { name: "Activity" }).click();
  await accessible(phone);
  await card(phone, "sent you").getByRole("button", { name: "Accept Mara Lindqvist" }).click();
  for (const page of [phone, laptop]) {
    await expect(card(page, "You accepted Mara Lindqvist’s friend request.")).toBeVisible();
    await expect(card(page, "You are now friends with Mara Lindqvist.")).toBeVisible();
    await expect(card(page, "sent you a friend request")).toHaveCount(0);
  }
  await laptop.keyboard.press("Escape");
  await expect(card(laptop, "You accepted")).toBeHidden();
  await hers.goto("/activity");
  await expect(card(hers, "Theo Okafor accepted your friend request.")).toBeVisible();
  await expect(card(hers, "You are now friends with Theo Okafor.")).toBeVisible();
});

test("cards come ten at a time, and older ones as one comes to the end", async ({ visit, house }) => {
  const theo = await house.person("theo");
  for (let n = 0; n < 25; n++) {
    const one = await house.person(`one${n}`, `Person ${n}`);
    await house.rest("POST", "/friend-requests", { token: one.token, body: { username: theo.username } });
  }
  const page = await visit(theo, { viewport: { width: 1280, height: 600 } });
  await page.goto("/activity");
  await alive(page);
  await expect(card(page, "Person 24 sent you")).toBeVisible();
  await expect(page.locator(".card")).toHaveCount(10);
  await page.mouse.move(700, 400);
  for (const count of [20, 25]) {
    await expect(async () => {
      await page.mouse.wheel(0, 9000);
      await expect(page.locator(".card")).toHaveCount(count, { timeout: 1000 });
    }).toPass();
  }
  await expect(page.getByRole("button", { name: "Show older" })).toBeHidden();
  // Where ten leave room for more, more come.
  const tall = await visit(theo, { viewport: { width: 1280, height: 4000 } });
  await tall.goto("/activity");
  await expect(tall.locator(".card")).toHaveCount(25);
});

test("a request is answered from its card, without JavaScript", async ({ visit, house }) => {
  const mara = await house.person("mara", "Mara Lindqvist");
  const theo = await house.person("theo", "Theo Okafor");
  await house.rest("POST", "/friend-requests", { token: mara.token, body: { username: theo.username } });
  const page = await visit(theo, { javaScriptEnabled: false });
  await page.goto("/activity");
  await card(page, "Mara Lindqvist sent you").getByRole("button", { name: "Decline Mara Lindqvist" }).click();
  await expect(card(page, "You declined Mara Lindqvist’s friend request.")).toBeVisible();
});

test("a conversation with something unread is a card until it is read", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const page = await visit(theo);
  await page.goto("/friends");
  await alive(page);
  await house.say(mara, room, "The tomatoes made it through the frost");
  const chats = page.getByLabel("Chats, 1 conversation with something unread");
  await chats.click();
  await expect(card(page, "The tomatoes made it")).toBeVisible();
  await accessible(page);
  await card(page, "The tomatoes made it").click();
  await expect(page).toHaveURL(`/rooms/${room}`);
  await expect(page.getByLabel("Chats", { exact: true }).first()).toBeVisible();
  await expect(page.locator("summary[aria-label='Chats']")).toBeVisible();
});

test("friends see each other come, write and go away", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const hers = await visit(mara);
  await hers.goto(`/rooms/${room}`);
  await alive(hers);
  const about = hers.locator(".page-header__about");
  const his = await visit(theo);
  await his.goto(`/rooms/${room}`);
  await alive(his);
  await expect(about).toHaveText("online");
  await expect(hers.locator(".room-row .dot--online")).toBeVisible();
  // Once she hears what he says he is connected.
  await his.getByLabel("Message Mara Lindqvist").fill("hello");
  await his.keyboard.press("Enter");
  await expect(hers.getByRole("log").getByText("hello")).toBeVisible();
  // What came before was told a moment ago: who goes on writing is told again.
  const typing = hers.getByText("Theo Okafor is typing …");
  await expect(async () => {
    await his.getByLabel("Message Mara Lindqvist").pressSequentially("I am ");
    await expect(typing).toBeVisible({ timeout: 500 });
  }).toPass();
  await accessible(hers);
  await his.keyboard.press("Enter");
  await expect(hers.getByRole("log").getByText("I am")).toBeVisible();
  await expect(typing).toHaveCount(0);
  await his.goto("/settings/privacy");
  await his.getByLabel("Nobody sees that I am here").check();
  await his.getByRole("button", { name: "Save" }).click();
  await expect(his.getByText("Saved.")).toBeVisible();
  await his.goto("/");
  await expect(hers.locator(".dot--online")).toHaveCount(0);
  await expect(about).not.toHaveText("online");
});

test("people are found as one types, by mouse and by keyboard", async ({ visit, house }) => {
  const sol = await house.person("solveig", "Solveig Berg");
  await house.person("solveigh", "Solveig Holm");
  const page = await visit(await house.person("mara"));
  await alive(page);
  const box = page.getByRole("combobox", { name: "Find people by name" }).first();
  await box.pressSequentially("solveig");
  await expect(page.getByRole("option")).toHaveCount(2);
  await accessible(page);
  await box.press("Escape");
  await expect(page.getByRole("option")).toHaveCount(0);
  await box.fill("solveig b");
  await expect(page.getByRole("option")).toHaveCount(1);
  await box.press("ArrowDown");
  await expect(page.getByRole("option", { selected: true })).toHaveText(/Solveig Berg/);
  await box.press("Enter");
  await expect(page).toHaveURL(`/people/${sol.username}`);
  await box.fill("zzzzzz");
  await expect(page.getByRole("listbox").getByText("No results")).toBeVisible();
});

test("who is blocked is gone, is not told, and can come back", async ({ visit, house }) => {
  const { mara, theo, room } = await house.friends();
  const hers = await visit(mara);
  const his = await visit(theo);
  await his.goto(`/rooms/${room}`);
  await alive(his);
  await hers.goto(`/people/${theo.username}`);
  await hers.getByText("Block", { exact: false }).first().click();
  await accessible(hers);
  await hers.getByRole("button", { name: "Yes, block Theo Okafor" }).click();
  await expect(hers.getByText("· you block them")).toBeVisible();
  await expect(his.getByText("You must be friends to chat.")).toBeVisible();
  await his.goto("/activity");
  await expect(card(his, "no longer friends")).toHaveCount(0);
  await hers.goto("/settings/privacy");
  await accessible(hers);
  await hers.getByRole("button", { name: "Unblock" }).click();
  await expect(hers.getByText("You block nobody.")).toBeVisible();
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";

  test(`the settings are kept, and say so${how}`, async ({ visit, house }) => {
    const mara = await house.person("mara");
    const page = await visit(mara, { javaScriptEnabled });
    await page.goto("/settings");
    await accessible(page);
    await page.getByLabel("Display name").fill("Mara L");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved.")).toBeVisible();
    await page.getByLabel("Display name").fill("\u202e");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("A name needs at least one letter or digit.")).toBeVisible();
    await page.setInputFiles("#picture", {
      name: "no.png",
      mimeType: "image/png",
      buffer: Buffer.from("<svg/>"),
    });
    await page.getByRole("button", { name: "Use this picture" }).click();
    await expect(page.getByText("This picture cannot be read.")).toBeVisible();
    await page.setInputFiles("#picture", "../public/icon-512.png");
    await page.getByRole("button", { name: "Use this picture" }).click();
    await expect(page.getByText("Your picture is changed.")).toBeVisible();
    await expect(page.locator(".avatar__picture").first()).toBeVisible();
    await page.getByRole("button", { name: "Remove" }).click();
    await expect(page.locator(".avatar__picture")).toHaveCount(0);

    await page.getByRole("link", { name: "Account", exact: true }).click();
    await accessible(page);
    await page.getByLabel("E-mail").fill(`${mara.username}@example.org`);
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("That is not your password.")).toBeVisible();
    await page.getByLabel("Your password, to change").fill(PASSWORD);
    await page.getByLabel("Show it on my profile").check();
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByLabel("Show it on my profile")).toBeChecked();
    await page.goto(`/people/${mara.username}`);
    await expect(page.getByRole("link", { name: `${mara.username}@example.org` })).toBeVisible();

    const elsewhere = await visit(mara, { javaScriptEnabled });
    await page.goto("/settings/security");
    await accessible(page);
    await expect(page.locator(".device")).toHaveCount(3);
    await page.getByRole("button", { name: "Sign out" }).first().click();
    await expect(page.getByText("That device is signed out.")).toBeVisible();
    await expect(page.locator(".device")).toHaveCount(2);
    await page.getByLabel("Your password now").fill("wrong horse battery");
    await page.getByLabel("A new one").fill("another fine horse");
    await page.getByRole("button", { name: "Change the password" }).click();
    await expect(page.getByText("That is not your password.")).toBeVisible();
    await page.getByLabel("Your password now").fill(PASSWORD);
    await page.getByLabel("A new one").fill("another fine horse");
    await page.getByRole("button", { name: "Change the password" }).click();
    await expect(page.getByText("Your password is changed")).toBeVisible();
    // With script it goes there by itself.
    if (!javaScriptEnabled) await elsewhere.goto("/friends");
    await expect(elsewhere).toHaveURL(/\/sign-in/);

    await page.goto("/settings/appearance");
    await accessible(page);
    await page.getByRole("button", { name: "Dark" }).click();
    await expect(page.locator("html[data-theme=dark]")).toBeAttached();
    await page.goto("/settings/notifications");
    await accessible(page);
  });

  test(`an account is deleted by who knows its password${how}`, async ({ visit, house }) => {
    const { mara, theo, room } = await house.friends();
    await house.say(mara, room, "Keep this");
    const page = await visit(mara, { javaScriptEnabled });
    await page.goto("/settings/account");
    await page.getByText("Delete my account …").click();
    await page.getByLabel("Your password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Delete my account" }).click();
    await expect(page.getByText("Your account is deleted.")).toBeVisible();
    const his = await visit(theo, { javaScriptEnabled });
    await his.goto(`/rooms/${room}`);
    await expect(his.getByRole("heading", { name: "Deleted account" }).first()).toBeVisible();
    await expect(his.getByText("Keep this").first()).toBeVisible();
  });
}

test("a password is judged while one types, and by the server when it is sent", async ({ visit }) => {
  const page = await visit(null);
  await page.goto("/sign-up");
  await page.getByLabel("Username").fill("annabelle");
  await page.getByLabel("Password", { exact: true }).fill("annabelle1");
  await expect(page.getByText("This is too much like your name.")).toBeVisible();
  await accessible(page);
  await page.getByRole("button", { name: "Create account" }).click();
  await expect(page.locator(".field__fault").getByText("This is too much like your name.")).toBeVisible();
  // Its button comes with the script, and so does the judgement.
  await expect(page.getByRole("button", { name: "Show the password" })).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await expect(page.getByText(/Strong|Very strong/)).toBeVisible();
});

test("who signs up shows that they are no bot, by a moment's work", async ({ browser }) => {
  const house = await House.open({ KITH_CHALLENGE: "on" });
  try {
    const context = await browser.newContext({ baseURL: house.url });
    const page = await context.newPage();
    await page.goto("/sign-up");
    await page.getByLabel("Username").fill("worker");
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    // Luck decides how long it takes.
    await expect(page.locator("input[name=answer]")).not.toHaveValue("", { timeout: 60_000 });
    await page.getByRole("button", { name: "Create account" }).click();
    await expect(page.getByText("Quiet here, so far")).toBeVisible();
    await context.close();
    const bot = await house.rest("POST", "/accounts", { body: { username: "robot", password: PASSWORD } });
    expect(bot.status).toBe(422);
    // Without a script it takes as long as typing does, which a form filled in at once has not taken: unless
    // the machine was as slow.
    let tries = 0;
    await expect(async () => {
      const plain = await browser.newContext({ baseURL: house.url, javaScriptEnabled: false });
      const form = await plain.newPage();
      await form.goto("/sign-up");
      await form.getByLabel("Username").fill(`hasty${tries++}`);
      await form.getByLabel("Password", { exact: true }).fill(PASSWORD);
      await form.getByRole("button", { name: "Create account" }).click();
      const told = form.getByText("That was faster than anybody types.");
      await expect(told).toBeVisible({ timeout: 5_000 }).finally(() => plain.close());
    }).toPass();
  } finally {
    await house.close();
  }
});

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";
  test(`a friend’s friends are shown with the common ones, and requests on a page of their own${how}`, async ({ visit, house }) => {
    const [mara, theo, ines, yui] = [
      await house.person("mara", "Mara Lindqvist"),
      await house.person("theo", "Theo Okafor"),
      await house.person("ines", "Inês Duarte"),
      await house.person("yui", "Yui Tanaka"),
    ];
    for (const [one, other] of [[mara, theo], [mara, ines], [theo, ines], [theo, yui]]) {
      await house.befriend(one, other);
    }
    const page = await visit(mara, { javaScriptEnabled });
    await page.goto(`/people/${theo.username}`);
    const row = (name) => page.locator(".person").filter({ hasText: name });
    await expect(row("Inês Duarte")).toContainText("your friend · 1 friend in common");
    await expect(row("Yui Tanaka")).not.toContainText("your friend");
    await expect(row("Mara Lindqvist")).toContainText("you");
    await accessible(page);
    await page.goto("/friends");
    await expect(row("Theo Okafor")).toContainText("1 friend in common");
    await page.goto("/friends/requests");
    await expect(page.getByText("No requests")).toBeVisible();
    await house.rest("POST", "/friend-requests", { token: yui.token, body: { username: mara.username } });
    if (!javaScriptEnabled) await page.reload();
    await expect(page.getByRole("heading", { name: "Waiting for you" })).toBeVisible();
    await row("Yui Tanaka").getByRole("button", { name: "Accept Yui Tanaka" }).click();
    if (!javaScriptEnabled) await page.goto("/friends/requests");
    await expect(page.getByText("No requests")).toBeVisible();
    await accessible(page);
  });
}
