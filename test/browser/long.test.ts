/** Long histories and heavy events. */
import { describe, expect, test } from "vitest";
import { loadHistory, newEvent, newEvents, newKey } from "../api/harness.ts";
import { live, patience, row, useViewer } from "./support.ts";

const viewer = useViewer();

/** Events of the long session; SESSIOND_TEST_VIEWER_EVENTS=100000 is the figure of docs/viewer.md. */
const count = Number(process.env["SESSIOND_TEST_VIEWER_EVENTS"] ?? 20_000);

describe("a long session", () => {
  test("opens at its newest page, goes to its beginning and stays small", { timeout: 300_000 }, async () => {
    const key = await loadHistory(viewer.api, count);
    const page = await viewer.openSession(key);
    await live(page);
    await row(page, count).waitFor();
    const paint = await page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    );
    // What is not in sight does not exist, and was not asked for.
    expect(await page.locator(".row").count()).toBeLessThan(60);
    const asked = await page.evaluate(
      () =>
        performance.getEntriesByType("resource").filter(({ name }) => name.includes("/ListEvents")).length,
    );
    expect(asked).toBeLessThan(5);

    await page.keyboard.press("g");
    await page.keyboard.press("g");
    await row(page, 1).waitFor();
    for (const part of [0.25, 0.5, 0.75]) {
      await page
        .locator(".rows")
        .evaluate((element, to) => element.scrollTo(0, element.scrollHeight * to), part);
      const seq = Math.round(count * part);
      await page
        .getByRole("article", { name: new RegExp(`^Event ${String(seq).slice(0, 2)}\\d+ of`) })
        .first()
        .waitFor();
    }
    await page.keyboard.press("G");
    await row(page, count).waitFor();

    const frames = await page.evaluate(async () => {
      const element = document.querySelector(".rows");
      const times: number[] = [];
      let last = await new Promise<number>(requestAnimationFrame);
      for (let step = 0; step < 120; step++) {
        element?.scrollBy(0, -400);
        const now = await new Promise<number>(requestAnimationFrame);
        times.push(now - last);
        last = now;
      }
      return times.sort((a, b) => a - b);
    });
    const memory = await page.evaluate(
      () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
    );
    console.log(
      `viewer, ${count} events: first paint ${Math.round(paint)} ms, scroll frames p50 ${Math.round(frames[60] ?? 0)} ms, ` +
        `p95 ${Math.round(frames[114] ?? 0)} ms, JavaScript heap ${Math.round(memory / 1e6)} MB`,
    );
    expect(await page.locator(".row").count()).toBeLessThan(60);
  });
});

describe("a heavy event", () => {
  test("shows its weight first, and all of it when asked", { timeout: 120_000 }, async () => {
    const key = newKey();
    await viewer.api.createSession({ key });
    const text = `${"word ".repeat(1_000_000)}the end`;
    await viewer.api.appendEvent({
      key,
      event: newEvent({ content: JSON.stringify({ parts: [{ text }] }) }),
    });
    await viewer.api.batchAppendEvents({ key, events: newEvents(2) });
    const page = await viewer.openSession(key);
    await live(page);
    await row(page, 3).waitFor();
    expect(await row(page, 1).textContent()).toContain("4.8 MiB of content");
    await row(page, 1).getByRole("button", { name: "Show all" }).click();
    await row(page, 1).getByText("word word").waitFor();
    const shown = async () => (await row(page, 1).textContent())?.includes("the end");
    expect(await shown()).toBe(false);
    await row(page, 1)
      .getByRole("button", { name: /^Show all \(5\.0 million/ })
      .click();
    await expect.poll(shown, { timeout: patience }).toBe(true);
  });
});
