/** Keyboard, screen readers, colours, small screens. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { conversations } from "../../demo/conversations.ts";
import type { Key } from "../api/harness.ts";
import { live, row, selected, unfoldAll, useViewer } from "./support.ts";

const viewer = useViewer();
const trip: Key = { appName: "travel-demo", userId: "ada", sessionId: "lisbon-weekend" };
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

beforeAll(async () => {
  for (const { session, events } of conversations()) {
    await viewer.api.createSession(session);
    await viewer.api.batchAppendEvents({ key: session.key as Key, events });
  }
});

/** What axe finds wrong, by rule and place. */
async function violations(page: Page): Promise<string[]> {
  // Through the debugger: the page's policy lets no script in.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const run = (globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe;
    interface Violation {
      readonly id: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
    }
    const { violations: found } = await run.run();
    return found.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`),
    );
  });
}

describe.each([{ dark: false }, { dark: true }])("axe finds nothing, dark $dark", ({ dark }) => {
  test.each([
    ["1280 wide", 1280],
    ["a phone", 390],
  ])("in a conversation with its state, %s", async (_, width) => {
    const page = await viewer.openSession(trip, { dark, width, height: 3_000 });
    await live(page);
    await unfoldAll(page);
    await page.getByRole("button", { name: "State", exact: true }).click();
    await page.getByRole("button", { name: "Difference" }).click();
    await page.getByRole("spinbutton").first().fill("0");
    await page.locator(".difference").waitFor();
    await page.getByRole("button", { name: "JSON of the session" }).click();
    await page.getByRole("button", { name: "Copy JSON" }).last().waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test("in the list and the keys", async () => {
    const page = await viewer.open("/?app=travel-demo", { dark });
    await page.getByText("live ·").waitFor();
    await page.getByText("Filter, jump").click();
    await page.getByLabel("Session id").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    expect(await violations(page)).toEqual([]);
  });
});

describe("the keyboard", () => {
  test("moves, opens, closes, goes to both ends", async () => {
    const page = await viewer.openSession({ appName: "travel-demo", userId: "grace", sessionId: "squares" });
    await live(page);
    const at = (seq: number) => selected(page, seq);
    await page.keyboard.press("g");
    await page.keyboard.press("g");
    await at(1);
    await page.keyboard.press("j");
    await at(2);
    await page.keyboard.press("Enter");
    await row(page, 2).locator(".raw").waitFor();
    await page.keyboard.press("k");
    await at(1);
    await page.keyboard.press("G");
    await at(480);
    await page.keyboard.press("s");
    await page.getByRole("complementary", { name: "State" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("complementary", { name: "State" }).waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("does nothing while somebody types", async () => {
    const page = await viewer.openSession(trip);
    await live(page);
    await page.getByLabel("Search in this conversation").fill("");
    await page.keyboard.type("s?jG");
    expect(await page.getByLabel("Search in this conversation").inputValue()).toBe("s?jG");
    expect(await page.getByRole("dialog").count()).toBe(0);
  });
});

describe("a phone", () => {
  test("shows the list or the conversation, and nothing sticks out", async () => {
    const page = await viewer.open("/?app=travel-demo", { width: 390, height: 844 });
    await page.locator(".list a").first().waitFor();
    await page.locator(".list a", { hasText: "Lisbon" }).click();
    await live(page);
    expect(await page.locator(".sidebar").isVisible()).toBe(false);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    await page.getByRole("button", { name: "← Sessions" }).click();
    await page.locator(".list a").first().waitFor();
  });
});

test("colours can be chosen and are kept", async () => {
  const page = await viewer.open("/");
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel("Colours").selectOption("dark");
  await expect.poll(ground).not.toBe(light);
  await page.reload();
  await expect.poll(ground).not.toBe(light);
});

test("nothing moves for those who want no motion", async () => {
  const moving = async (reducedMotion: boolean) => {
    const page = await viewer.openSession(trip, { reducedMotion });
    await live(page);
    await page.keyboard.press("g");
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.getByRole("complementary", { name: "State" }).waitFor();
    // The badge of a connection that is away is what fades.
    await page.locator(".connection").evaluate((badge) => badge.classList.replace("live", "waiting"));
    return page.evaluate(() =>
      [...document.querySelectorAll("*")]
        .filter((element) => {
          const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
          return transitionDuration !== "0s" || animationName !== "none" || scrollBehavior === "smooth";
        })
        .map(({ className }) => String(className)),
    );
  };
  expect(await moving(false)).toEqual(["connection waiting"]);
  expect(await moving(true)).toEqual([]);
});
