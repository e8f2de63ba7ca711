// A house of its own for every worker: the release binary on a free port, with a database in a
// folder that goes with it; and people, each in a browser context of their own.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomBytes } from "node:crypto";
import AxeBuilder from "@axe-core/playwright";
import { test as base, expect } from "@playwright/test";

const FILL = fileURLToPath(new URL("fill.py", import.meta.url));

export const PASSWORD = "correct horse battery";

// A port that nobody listens on, below those that the system gives to whoever connects somewhere: what is
// stopped for a while has to find its port free again. 10080 is one that browsers do not go to.
export async function freePort() {
  for (;;) {
    const port = 10_081 + Math.floor(Math.random() * 19_000);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.on("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

export class House {
  // With other settings than usual, by their environment variables.
  static async open(settings = {}) {
    const house = new House();
    house.settings = settings;
    house.folder = await mkdtemp(join(tmpdir(), "kith-"));
    house.port = await freePort();
    house.url = `http://127.0.0.1:${house.port}`;
    await house.start();
    return house;
  }

  // Starts the server, on the same port and data as before.
  async start() {
    const binary = process.env.KITH_BIN;
    if (!binary) throw new Error("KITH_BIN names the binary to test");
    this.process = spawn(binary, ["serve"], {
      env: { ...process.env, KITH_DATA: this.folder, KITH_LISTEN: `127.0.0.1:${this.port}`, KITH_RATE_LIMITS: "off", ...this.settings },
      stdio: ["ignore", "pipe", "inherit"],
    });
    // Without a mail server letters are printed.
    this.printed = "";
    this.process.stdout.on("data", (text) => (this.printed += text));
    await new Promise((resolve, reject) => {
      this.process.stdout.once("data", resolve);
      this.process.once("exit", (code) => reject(new Error(`kith ended with ${code}`)));
    });
  }

  // Ends it: by its id, and only when it has gone.
  async kill(signal = "SIGKILL") {
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill(signal);
    return gone;
  }

  async close() {
    await this.kill("SIGTERM");
    await rm(this.folder, { recursive: true });
  }

  async rest(method, path, { token, body } = {}) {
    const answer = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(body && { "content-type": "application/json" }),
      },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, body: text ? JSON.parse(text) : null };
  }

  // Somebody with a name of their own, signed up over REST.
  async person(name, display_name) {
    const username = `${name}-${randomBytes(4).toString("hex")}`;
    const body = { username, password: PASSWORD, display_name: display_name ?? username };
    const answer = await this.rest("POST", "/accounts", { body });
    expect(answer.status).toBe(201);
    return { username, name: body.display_name, token: answer.body.token };
  }

  async befriend(one, other) {
    await this.rest("POST", "/friend-requests", { token: one.token, body: { username: other.username } });
    await this.rest("POST", "/friend-requests", { token: other.token, body: { username: one.username } });
  }

  // Two friends and their direct room.
  async friends() {
    const mara = await this.person("mara", "Mara Lindqvist");
    const theo = await this.person("theo", "Theo Okafor");
    await this.befriend(mara, theo);
    const room = await this.rest("PUT", `/direct/${theo.username}`, { token: mara.token });
    // How they became friends is read already.
    for (const { token } of [mara, theo]) {
      await this.rest("PUT", "/notifications/read", { token, body: { up_to: 100 } });
    }
    return { mara, theo, room: room.body.id };
  }

  // So many messages at once, each with its number; the server is away meanwhile.
  async fill(person, room, count) {
    await this.kill("SIGTERM");
    const filled = spawn("python3", [FILL, join(this.folder, "kith.db"), room, person.username, count], { stdio: "inherit" });
    expect(await new Promise((resolve) => filled.once("exit", resolve))).toBe(0);
    await this.start();
  }

  async say(person, room, body) {
    const answer = await this.rest("POST", `/rooms/${room}/messages`, {
      token: person.token,
      body: { body },
    });
    expect(answer.status).toBe(201);
    return answer.body;
  }
}

export const test = base.extend({
  house: [
    async ({}, use) => {
      const house = await House.open();
      await use(house);
      await house.close();
    },
    { scope: "worker" },
  ],

  // A browser of its own for somebody, signed in; its errors and foreign requests fail the story.
  visit: async ({ browser, house }, use) => {
    const contexts = [];
    const wrong = [];
    const visit = async (person, { at = house, also = [], ...options } = {}) => {
      const context = await browser.newContext({ baseURL: at.url, ...options });
      contexts.push(context);
      const page = await context.newPage();
      page.scriptless = options.javaScriptEnabled === false;
      watch(page, at, wrong, also);
      if (person) await signIn(page, person);
      return page;
    };
    await use(visit);
    for (const context of contexts) await context.close();
    expect(wrong).toEqual([]);
  },
});

export async function signIn(page, person) {
  await page.goto("/sign-in");
  await page.getByLabel("Username or e-mail").fill(person.username);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("link", { name: "Kith, all chats" })).toBeAttached();
}

// `also` are addresses elsewhere that the page may lead to.
function watch(page, house, wrong, also) {
  page.on("pageerror", (error) => wrong.push(`script: ${error.message}`));
  page.on("console", (message) => {
    // A connection that is lost on purpose is no fault of the page.
    const lost = /WebSocket|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|status of (401|403|404|422)/;
    if (message.type() === "error" && !lost.test(message.text())) wrong.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    const own = [house.url, house.url.replace("http", "ws"), "data:", "blob:", "about:", ...also];
    if (!own.some((start) => url.startsWith(start))) wrong.push(`foreign request: ${url}`);
  });
}

// Waits until the page is alive.
export async function alive(page) {
  await expect(page.locator("html[data-hydrated]")).toBeAttached();
}

// Nothing that axe finds wrong. axe itself is a script: where there is none, the same page is looked
// at in the stories with it.
export async function accessible(page) {
  if (page.scriptless) return;
  // As it stays, and not on its way there.
  await page.evaluate(() => {
    const ends = (animation) => animation.effect.getComputedTiming().endTime < Infinity;
    document.getAnimations().filter(ends).forEach((animation) => animation.finish());
  });
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  expect(found).toEqual([]);
}

export { expect };
