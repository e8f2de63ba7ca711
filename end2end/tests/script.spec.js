// Script in every field that somebody fills: nothing of it runs, rendered or hydrated, and the browser
// has nothing to report against the page's policy.
import { House, alive, expect, test } from "../house.js";

const CORPUS = [
  "<script>window.ran=1</script>",
  "</script><script>window.ran=1</script>",
  "<img src=x onerror=window.ran=1>",
  "<svg onload=window.ran=1>",
  "\"><svg/onload=window.ran=1>",
  "'><b onmouseover=window.ran=1>x</b>",
  "</textarea><script>window.ran=1</script>",
  "</title><script>window.ran=1</script>",
  "<!--><script>window.ran=1</script>-->",
  "javascript:window.ran=1",
  "[click](javascript:window.ran=1)",
  "[x](data:text/html,<script>window.ran=1</script>)",
  "https://example.org/\"onmouseover=\"window.ran=1",
  "`</code><script>window.ran=1</script>`",
  "```\n</code></pre><script>window.ran=1</script>\n```",
  "||<img src=x onerror=window.ran=1>||",
  "{{constructor.constructor('window.ran=1')()}}",
  "\u2028<script>window.ran=1</script>\u2029",
  "<iframe srcdoc='<script>parent.ran=1</script>'>",
  "<a href=\"javascript:window.ran=1\">x</a>",
  "<style>*{background:url(javascript:window.ran=1)}</style>",
  "<math><mi xlink:href=\"javascript:window.ran=1\">x</mi></math>",
  "<base href=https://evil.example/>",
  "<meta http-equiv=refresh content='0;url=javascript:window.ran=1'>",
  "<form action=javascript:window.ran=1><button>x</button></form>",
];

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? "" : ", without JavaScript of ours";
  test(`script in every field runs nowhere${how}`, async ({ browser }) => {
    test.setTimeout(180_000);
    const house = await House.open();
    try {
      const theo = await house.person("theo", CORPUS[1]);
      const mara = await house.person("mara", CORPUS[4]);
      await house.befriend(mara, theo);
      const direct = (await house.rest("PUT", `/direct/${theo.username}`, { token: mara.token })).body.id;
      const made = await house.rest("POST", "/rooms", {
        token: mara.token,
        body: { name: CORPUS[7], topic: CORPUS[2], kind: "public" },
      });
      const room = made.body.id;
      await house.rest("PUT", `/rooms/${room}/members/me`, { token: theo.token });
      const names = [];
      for (const [n, name] of CORPUS.entries()) {
        const one = await house.person(`one${n}`, name.replaceAll(/\s+/g, " ").slice(0, 64));
        await house.rest("POST", "/friend-requests", { token: one.token, body: { username: theo.username } });
        names.push(one);
        await house.say(mara, room, name);
        await house.say(mara, direct, name);
        await house.rest("PATCH", `/rooms/${room}`, { token: mara.token, body: { topic: name.slice(0, 255) } });
      }
      const answered = await house.say(mara, room, CORPUS[3]);
      await house.rest("POST", `/rooms/${room}/messages`, { token: mara.token, body: { body: `@${theo.username} ${CORPUS[0]}`, reply_to: answered.id } });
      await house.rest("PUT", `/rooms/${room}/bans/${names[0].username}`, { token: mara.token, body: { reason: CORPUS[0] } });
      const invite = await house.rest("POST", `/rooms/${room}/invites`, { token: mara.token, body: {} });

      const context = await browser.newContext({ baseURL: house.url, javaScriptEnabled });
      const page = await context.newPage();
      const reports = [];
      page.on("console", (message) => {
        if (/Content Security Policy|Refused to/.test(message.text())) reports.push(message.text());
      });
      page.on("dialog", (dialog) => reports.push(dialog.message()));
      page.on("pageerror", (error) => reports.push(error.message));
      await page.goto("/sign-in");
      await page.getByLabel("Username or e-mail").fill(theo.username);
      await page.getByLabel("Password", { exact: true }).fill("correct horse battery");
      await page.getByRole("button", { name: "Sign in" }).click();
      await expect(page.getByRole("link", { name: "Kith, all chats" })).toBeAttached();
      const paths = [
        "/",
        "/friends",
        "/friends/requests",
        "/activity",
        `/people?query=${encodeURIComponent("<script>window.ran=1</script>")}`,
        "/people?query=one",
        `/people/${mara.username}`,
        `/people/${names[2].username}`,
        `/rooms/${room}`,
        `/rooms/${direct}`,
        `/rooms/${room}/settings`,
        `/rooms?query=${encodeURIComponent(CORPUS[4])}`,
        `/invite/${invite.body.code}`,
        "/settings",
        "/settings/account",
        "/settings/privacy",
        `/sign-in?next=${encodeURIComponent("javascript:window.ran=1")}`,
      ];
      for (const path of paths) {
        await page.goto(path);
        // The pages with WASM: rendered, and once more as they are when it has taken over.
        if (javaScriptEnabled && (await page.locator("#kith-snapshot").count())) await alive(page);
        expect(await page.evaluate(() => window.ran), path).toBeUndefined();
        const links = await page.locator("a[href], form[action], iframe, base").evaluateAll((all) =>
          all.map((one) => one.getAttribute("href") ?? one.getAttribute("action") ?? one.tagName),
        );
        expect(links.filter((link) => /^\s*(javascript|data|iframe|base)/i.test(link)), path).toEqual([]);
      }
      expect(reports).toEqual([]);
      // Signed out: the public profile, and the room for everyone's eyes.
      await context.clearCookies();
      for (const path of [`/people/${mara.username}`, `/rooms/${room}`, "/"]) {
        await page.goto(path);
        expect(await page.evaluate(() => window.ran), path).toBeUndefined();
      }
      expect(reports).toEqual([]);
      await context.close();
    } finally {
      await house.close();
    }
  });
}
