/** Long histories and heavy events. */
import { loadavg } from "node:os";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { MAX_ROWS } from "../../viewer/src/model/row-window.ts";
import { loadHistory, newEvent, newEvents, newKey } from "../api/harness.ts";
import { full } from "../support/full-size.ts";
import { live, patience, row, selected, useViewer } from "./support.ts";

const viewer = useViewer();

/** Events of the long session; docs/viewer.md has the figures of the full size. */
const count = full ? 100_000 : 20_000;

/** Bytes that the page's JavaScript holds once garbage is collected. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

/** Scrolls by so many pixels in each of 120 frames, and tells how long these take. */
async function scroll(page: Page, by: number): Promise<string> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const threadTime = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1000;
  };
  const before = await threadTime();
  const frames = await page.evaluate(async (by) => {
    const element = document.querySelector(".rows");
    const times: number[] = [];
    let last = await new Promise<number>(requestAnimationFrame);
    for (let step = 0; step < 120; step++) {
      element?.scrollBy(0, by);
      const now = await new Promise<number>(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    return times.sort((a, b) => a - b);
  }, by);
  const work = ((await threadTime()) - before) / frames.length;
  // Of the page's own thread; the frames also wait for what else runs on the machine.
  return `frames p50 ${ms(frames[59])}, p95 ${ms(frames[113])}, longest ${ms(frames[119])}, work ${work.toFixed(1)} ms`;
}

/** Turns of a question, a call, its answer and a reply in markdown. */
function turn(seq: number) {
  const place = (seq - 1) % 4;
  const id = `call-${seq - place}`;
  const parts = [
    { text: `Question ${seq}: how is the weather in **Lisbon** over the next ${(seq % 9) + 1} days?` },
    { functionCall: { id, name: "look_up", args: { city: "Lisbon", days: (seq % 9) + 1, unit: "celsius" } } },
    {
      functionResponse: { id, name: "look_up", response: { high: 21.5, low: 14, rain: [0, 0.2, 3.1], seq } },
    },
    {
      text: `It stays **mild**:\n\n- highs of 21 °C\n- ${"a little rain, ".repeat(1 + (seq % 12))}\n- lows of 14 °C\n\nShall I book?`,
    },
  ][place];
  return {
    author: place === 0 ? "user" : "concierge",
    invocationId: `turn-${seq - place}`,
    timestamp: 1_780_000_000 + seq * 7,
    content: JSON.stringify({ role: place === 0 ? "user" : "model", parts: [parts] }),
    ...(place === 3
      ? { extra: '{"usageMetadata":{"totalTokenCount":640}}', stateDelta: { turns: String(seq) } }
      : {}),
  };
}

const ms = (time = Number.NaN) => `${Math.round(time)} ms`;
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

describe("a long session", () => {
  test("opens at its newest page, goes to its beginning and stays small", { timeout: 300_000 }, async () => {
    const key = await loadHistory(viewer.api, count, turn);
    const page = await viewer.openSession(key);
    await row(page, count).waitFor();
    const [paint, newest] = await page.evaluate(() => [
      performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
      performance.now(),
    ]);
    await live(page);
    const small = await heapOf(page);
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
    // From here on it is the reader who scrolls: the page lets go of the event that it went to.
    await page.locator(".rows").dispatchEvent("wheel");
    const atBeginning = await scroll(page, 200);
    for (const part of [0.25, 0.5, 0.75]) {
      // Rows have other heights than was estimated: about there.
      const inSight = async () => {
        await page
          .locator(".rows")
          .evaluate((element, to) => element.scrollTo(0, element.scrollHeight * to), part);
        const label = await page.getByRole("article").first().getAttribute("aria-label");
        return Math.abs(Number(label?.split(" ")[1]) / Math.min(count, MAX_ROWS) - part) < 0.02;
      };
      await expect.poll(inSight, { timeout: patience }).toBe(true);
    }
    await page.keyboard.press("G");
    await row(page, count).waitFor();

    const atEnd = await scroll(page, -200);
    console.log(
      `viewer, ${count} events: first paint ${ms(paint)}, newest event ${ms(newest)}; ` +
        `scrolling at the beginning ${atBeginning}; at the end ${atEnd}; ` +
        `JavaScript heap ${mb(small)} at first, ${mb(await heapOf(page))} after all of it; ` +
        `load ${loadavg()
          .map((load) => load.toFixed(1))
          .join(" ")}`,
    );
    expect(await page.locator(".row").count()).toBeLessThan(60);
    await page.context().close();

    // An address leads to any event, also of more than a list can hold, and from there to both ends.
    const at = Math.round(count / 3);
    const other = await viewer.openSession(key, { event: at });
    await selected(other, at);
    await other.keyboard.press("g");
    await other.keyboard.press("g");
    await selected(other, 1);
    await other.keyboard.press("G");
    await selected(other, count);
    await viewer.api.appendEvent({ key, event: newEvent() });
    await row(other, count + 1).waitFor();
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

test("the page is built for production, though a test runner builds it", async () => {
  const { httpUrl } = viewer.server.server;
  const [, script = ""] = /<script[^>]* src="([^"]+)"/.exec(await (await fetch(httpUrl)).text()) ?? [];
  const source = await (await fetch(new URL(script, httpUrl))).text();
  expect(source.length).toBeGreaterThan(100_000);
  // React for developers takes ten times as long for a row. Only production's names its errors by number.
  expect(source.includes("Minified React error #")).toBe(true);
});
