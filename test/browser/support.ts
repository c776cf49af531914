/** The built viewer in a real browser, served by a real server. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { routeUrl } from "../../viewer/src/model/route.ts";
import { type Api, type Key, type UsedServer, useServer } from "../api/harness.ts";
import { chromiumTimeout, launchChromium } from "../support/chromium/index.ts";
import { withLock } from "../support/databases/lock.ts";
import { type Switchboard, switchboard } from "../support/switchboard.ts";

const root = join(import.meta.dirname, "../..");

// Before any server starts, and by one process at a time: the others then find it built.
const built = await withLock("viewer", async () => {
  const done = spawnSync(process.execPath, [join(root, "scripts/build-viewer.ts")], { encoding: "utf8" });
  return done.status === 0 ? "" : `${done.stdout}${done.stderr}`;
});

/** How long a page may take to show something: a busy machine is no failure, in ms. */
export const patience = 20_000;

/** What a test of the viewer has. */
export interface Viewer {
  readonly server: UsedServer;
  readonly api: Api;
  /** The pages' way to the server. */
  readonly board: Switchboard;
  /** A page at an address; what it complains of fails the test. */
  open(path: string, options?: PageOptions): Promise<Page>;
  /** The page of a session. */
  openSession(key: Key, options?: PageOptions & { readonly event?: number }): Promise<Page>;
}

/** How a page is looked at. */
export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  readonly reducedMotion?: boolean;
  /** Complaints that belong to the test, such as those of a server that is away. */
  readonly expected?: RegExp;
}

/** A server with the viewer and a browser, for the tests of the enclosing `describe`. */
export function useViewer(args: readonly string[] = []): Viewer {
  const server = useServer("sqlite", args);
  let browser: Browser | undefined;
  let board: Switchboard | undefined;
  const open: Page[] = [];
  const complaints: string[] = [];
  beforeAll(async () => {
    expect(built).toBe("");
    browser = await launchChromium();
    board = await switchboard(server.server.httpPort);
  }, chromiumTimeout);
  afterEach(async () => {
    for (const page of open.splice(0)) await page.context().close();
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await board?.close();
  });
  const viewer: Viewer = {
    server,
    get api() {
      return server.client("grpc-js");
    },
    get board() {
      if (board === undefined) throw new Error("the server is there only inside of tests");
      return board;
    },
    async open(path, { width = 1280, height = 800, dark = false, reducedMotion = false, expected } = {}) {
      if (browser === undefined) throw new Error("the browser is there only inside of tests");
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: dark ? "dark" : "light",
        reducedMotion: reducedMotion ? "reduce" : "no-preference",
        acceptDownloads: true,
        locale: "en-GB",
      });
      const page = await context.newPage();
      page.setDefaultTimeout(patience);
      open.push(page);
      const complain = (text: string) => {
        if (!expected?.test(text)) complaints.push(text);
      };
      page.on("pageerror", (error) => complain(`error: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") complain(message.text());
      });
      page.on("request", (request) => {
        const { protocol, origin } = new URL(request.url());
        if (protocol.startsWith("http") && origin !== viewer.board.url) complain(`asks ${request.url()}`);
      });
      await page.goto(`${viewer.board.url}${path}`);
      return page;
    },
    openSession(key, options = {}) {
      const { appName: app, userId: user, sessionId: session } = key;
      return viewer.open(routeUrl({ app, user, session, event: options.event }), options);
    },
  };
  return viewer;
}

/** The row of an event. */
export function row(page: Page, seq: number) {
  return page.getByRole("article", { name: new RegExp(`^Event ${seq} of `) });
}

/** Resolves when an event is the selected one. */
export function selected(page: Page, seq: number): Promise<void> {
  return page
    .locator(".row.selected")
    .getByRole("article", { name: new RegExp(`^Event ${seq} of `) })
    .waitFor();
}

/** Resolves when the conversation follows its session. */
export function live(page: Page): Promise<void> {
  return page.locator(".connection.live").waitFor();
}

/** Scrolls the events by so many pixels a frame until something is so: a list still without its heights may go back. */
export async function scrollUntil(page: Page, by: number, isSo: () => Promise<boolean>): Promise<void> {
  const scrolled = async () => {
    await page.locator(".rows").evaluate(async (rows, by) => {
      rows.scrollBy(0, by);
      // The page hears of it with the next frame, and of the next step apart from this one.
      await new Promise(requestAnimationFrame);
    }, by);
    return isSo();
  };
  await expect.poll(scrolled, { timeout: patience }).toBe(true);
}

/** Where the events in sight are, once all are loaded and none has moved for ten frames. */
export async function placesAtRest(page: Page): Promise<string> {
  let places: string | undefined;
  const atRest = async () => {
    places = await page.locator(".rows").evaluate(async (rows) => {
      const now = () =>
        JSON.stringify(
          [...rows.querySelectorAll("article")].map((one) => [
            one.getAttribute("aria-label"),
            one.getBoundingClientRect().top,
          ]),
        );
      const before = now();
      for (let frame = 0; frame < 10; frame++) {
        await new Promise(requestAnimationFrame);
        if (now() !== before || rows.querySelector(".placeholder") !== null) return undefined;
      }
      return before;
    });
    return places !== undefined;
  };
  await expect.poll(atRest, { timeout: patience }).toBe(true);
  return places ?? "";
}

/** Unfolds everything in sight, also what only comes into sight by that. */
export async function unfoldAll(page: Page): Promise<void> {
  const folded = page.locator(".disclosure-summary[aria-expanded=false]");
  while ((await folded.count()) > 0) {
    await folded.evaluateAll((all) => {
      for (const button of all) (button as HTMLButtonElement).click();
    });
  }
}

/** Opens a file as a person would. */
export async function openFile(page: Page, name: string, text: string): Promise<void> {
  const buffer = Buffer.from(text);
  await page.locator('input[type="file"]').setInputFiles({ name, mimeType: "application/json", buffer });
}
