import { accessible, alive, expect, test } from "../house.js";

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";

  test(`two people find each other, become friends, and part again${how}`, async ({ visit, house }) => {
    const mara = await house.person("mara", "Mara Lindqvist");
    const theo = await house.person("theo", "Theo Okafor");
    const hers = await visit(mara, { javaScriptEnabled });
    const his = await visit(theo, { javaScriptEnabled });
    // Without JavaScript nothing comes by itself: look again.
    const look = async (page, path) => {
      if (!javaScriptEnabled) await page.goto(path);
    };
    await his.goto(`/people/${mara.username}`);
    if (javaScriptEnabled) await alive(his);
    await hers.getByRole("combobox", { name: "Find people by name" }).first().fill(theo.username);
    await hers.keyboard.press("Enter");
    await expect(hers.getByRole("heading", { name: "Find people" })).toBeVisible();
    await accessible(hers);
    await hers.getByRole("button", { name: "Add friend Theo Okafor" }).click();
    await expect(hers.getByRole("button", { name: "Cancel request to Theo Okafor" })).toBeVisible();

    await look(his, `/people/${mara.username}`);
    await expect(his.getByRole("button", { name: "Accept Mara Lindqvist" })).toBeVisible();
    await expect(his.getByRole("link", { name: "Friends, 1 request waits for you" })).toBeVisible();
    await his.getByRole("button", { name: "Decline Mara Lindqvist" }).click();
    await expect(his.getByRole("button", { name: "Add friend Mara Lindqvist" })).toBeVisible();

    const path = `/people/${theo.username}`;
    await hers.goto(path);
    await hers.getByRole("button", { name: "Add friend Theo Okafor" }).click();
    await hers.getByRole("button", { name: "Cancel request to Theo Okafor" }).click();
    await hers.getByRole("button", { name: "Add friend Theo Okafor" }).click();
    await expect(hers.getByRole("button", { name: "Cancel request to Theo Okafor" })).toBeVisible();

    await his.goto("/friends");
    await accessible(his);
    await his.getByRole("button", { name: "Accept Mara Lindqvist" }).click();
    await expect(his.getByText(/^(Here now|Others) · 1$/)).toBeVisible();
    await look(hers, path);
    await expect(hers.getByText("· your friend")).toBeVisible();

    await accessible(hers);
    await hers.getByText("Unfriend").first().click();
    await accessible(hers);
    await hers.getByRole("button", { name: "Yes, unfriend Theo Okafor" }).click();
    await expect(hers.getByRole("button", { name: "Add friend Theo Okafor" })).toBeVisible();
    await look(his, "/friends");
    await expect(his.getByText("Who do you know here?")).toBeVisible();
  });
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript";

  test(`nobody is found in words, and nobody is missing${how}`, async ({ visit, house }) => {
    const page = await visit(await house.person("mara"), { javaScriptEnabled });
    await page.goto("/people?query=zzzzzz");
    await expect(page.getByText("No results")).toBeVisible();
    await accessible(page);
    await page.goto("/people?query=z");
    await expect(page.getByText("Type at least 2 characters of a name.")).toBeVisible();
    const answer = await page.goto("/people/nobody-at-all");
    expect(answer.status()).toBe(404);
    await expect(page.getByText("Nothing here").last()).toBeVisible();
    await accessible(page);
  });

  test(`a profile is public, and says how to go on${how}`, async ({ visit, house }) => {
    const theo = await house.person("theo", "Theo Okafor");
    const page = await visit(null, { javaScriptEnabled });
    await page.goto(`/people/${theo.username}`);
    await expect(page.getByRole("heading", { name: "Theo Okafor" })).toBeVisible();
    await accessible(page);
    await page.getByRole("link", { name: "Sign in to say hello" }).click();
    await expect(page).toHaveURL(/\/sign-in\?next=/);
  });
}
