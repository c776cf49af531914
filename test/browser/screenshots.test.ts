/** The pictures of docs/viewer.md, made by `SESSIOND_TEST_SCREENSHOTS=1 npm run vitest -- --project browser screenshots`. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { conversations } from "../../demo/conversations.ts";
import type { Key } from "../api/harness.ts";
import { live, row, useViewer } from "./support.ts";

const viewer = useViewer();
const trip: Key = { appName: "travel-demo", userId: "ada", sessionId: "lisbon-weekend" };
const images = join(import.meta.dirname, "../../docs/images");

beforeAll(async () => {
  for (const { session, events } of conversations()) {
    await viewer.api.createSession(session);
    await viewer.api.batchAppendEvents({ key: session.key as Key, events });
  }
});

async function picture(page: Page, name: string): Promise<void> {
  const png = await page.screenshot();
  const path = join(images, `${name}.png`);
  if (process.env["SESSIOND_TEST_SCREENSHOTS"] !== undefined) writeFileSync(path, png);
  // An empty page of this size has a few kB.
  expect(png.byteLength).toBeGreaterThan(20_000);
  expect(existsSync(path)).toBe(true);
}

test("the list", async () => {
  const page = await viewer.open("/?app=travel-demo");
  await page.getByText("live · 5 sessions").waitFor();
  await picture(page, "viewer-list");
});

test("a conversation with tools", async () => {
  const page = await viewer.openSession(trip, { event: 4, height: 900 });
  await live(page);
  await row(page, 4)
    .getByRole("button", { name: /search_flights/ })
    .click();
  await row(page, 4).getByText("Result").waitFor();
  await picture(page, "viewer-conversation");
});

test("the state between two events", async () => {
  const page = await viewer.openSession(trip, { dark: true, event: 11, height: 900 });
  await live(page);
  await page.keyboard.press("s");
  await page.getByRole("button", { name: "Difference" }).click();
  await page.getByRole("spinbutton").first().fill("0");
  // Of event 6: what differs from event 10, which the panel begins with, may show before.
  await page.locator(".difference dt", { hasText: "trip:city" }).waitFor();
  await picture(page, "viewer-state");
});

test("a phone", async () => {
  const page = await viewer.openSession(trip, { width: 390, height: 844 });
  await live(page);
  await row(page, 19).waitFor();
  await picture(page, "viewer-phone");
});
