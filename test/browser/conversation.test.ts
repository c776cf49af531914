/** A conversation as a person reads it: every kind of part and action of the demonstration's sessions. */
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { conversations } from "../../demo/conversations.ts";
import { type Key, newEvent } from "../api/harness.ts";
import { live, row, selected, useViewer } from "./support.ts";

const viewer = useViewer();

beforeAll(async () => {
  for (const { session, events } of conversations()) {
    await viewer.api.createSession(session);
    await viewer.api.batchAppendEvents({ key: session.key as Key, events });
  }
});

function demo(userId: string, sessionId: string): Key {
  return { appName: "travel-demo", userId, sessionId };
}

const trip = demo("ada", "lisbon-weekend");

async function openTrip(): Promise<Page> {
  const page = await viewer.openSession(trip, { height: 3_000 });
  await live(page);
  return page;
}

describe("a conversation", () => {
  test("has messages as markdown, thoughts folded, tokens of events and in all", async () => {
    const page = await openTrip();
    expect(await row(page, 1).locator("strong").textContent()).toBe("Lisbon");
    expect(await row(page, 2).locator("ol li").count()).toBe(3);
    expect(await page.getByText("first the dates").count()).toBe(0);
    await row(page, 2).getByRole("button", { name: "Thought" }).click();
    await page.getByText("first the dates").waitFor();
    expect(await row(page, 2).textContent()).toContain("412 tokens");
    expect(await row(page, 6).locator("table td").first().textContent()).toBe("TP");
    expect(await page.locator(".facts").textContent()).toMatch(/\d{4} tokens/);
  });

  test("pairs a call with its answer, its time and its failure", async () => {
    const page = await openTrip();
    const call = row(page, 4).getByRole("button", { name: /search_flights/ });
    expect(await call.textContent()).toMatch(/from: "HAM".*done.*\d s/);
    await call.click();
    const tool = row(page, 4).locator(".tool").first();
    await tool.getByText("Result").waitFor();
    // An integer that no double holds.
    expect(await tool.textContent()).toContain("9007199254740993");
    expect(
      await row(page, 14)
        .getByRole("button", { name: /search_hotels/ })
        .textContent(),
    ).toContain("failed");
    expect(await row(page, 16).textContent()).toContain("search_hotels did not answer in time");
  });

  test("shows both answers of a long-running call", async () => {
    const page = await openTrip();
    const call = row(page, 9).getByRole("button", { name: /book_flight/ });
    expect(await call.textContent()).toMatch(/done.*long-running.*4 min/);
    await call.click();
    await row(page, 9).getByText("Answer until then").waitFor();
    expect(await row(page, 9).textContent()).toContain('"LX7Q2P"');
    await row(page, 11).getByRole("button", { name: "called in 9" }).click();
    await selected(page, 9);
  });

  test("tells transfer, branch, artifact, rewind and pauses", async () => {
    const page = await openTrip();
    expect(await row(page, 8).textContent()).toContain("Transferred to booking");
    expect(await row(page, 9).locator(".branch").textContent()).toBe("concierge.booking");
    expect(await row(page, 12).textContent()).toContain("Saved artifact LX7Q2P.pdf, version 0");
    expect(await row(page, 17).textContent()).toContain("Rewound to before invocation inv-3");
    expect(await row(page, 14).getByText("rewound", { exact: true }).count()).toBe(1);
    expect(await row(page, 12).getByText("rewound", { exact: true }).count()).toBe(0);
    expect(await page.locator(".mark.idle").first().textContent()).toMatch(/15 min .*later/);
  });

  test("tells agents of parallel branches apart", async () => {
    const page = await viewer.openSession(demo("ada", "offsite"), { height: 3_000 });
    await live(page);
    for (const [at, city] of ["porto", "lyon", "graz"].entries()) {
      expect(
        await row(page, 2 + at)
          .locator(".branch")
          .textContent(),
      ).toBe(`panel.scout_${city}`);
      expect(
        await row(page, 5 + at)
          .locator(".branch")
          .textContent(),
      ).toBe(`panel.scout_${city}`);
      // Each answer with its own call, though the others' stand between.
      await row(page, 5 + at)
        .getByRole("button", { name: `called in ${2 + at}` })
        .waitFor();
    }
    expect(await row(page, 8).locator(".branch").count()).toBe(0);
  });

  test("has an invocation's calls as a timeline", async () => {
    const page = await openTrip();
    await page.getByRole("button", { name: /Invocation inv-1/ }).click();
    expect(await page.locator(".timeline li").count()).toBe(2);
    expect(await page.locator(".timeline li").first().textContent()).toMatch(/search_flights.*s$/);
    await page.locator(".timeline li").last().getByRole("button").click();
    await selected(page, 4);
  });

  test("counts the tokens of events that are not loaded when asked", async () => {
    const page = await viewer.openSession(demo("grace", "squares"));
    await live(page);
    expect(await page.locator(".facts").textContent()).toMatch(/tokens in \d+ events/);
    await page.getByRole("button", { name: "count all" }).click();
    // 60 + turn in each of 120 turns.
    await page.getByText(/^14460 tokens$/).waitFor();
  });

  test("shows code, output, pictures, transcriptions and interruptions", async () => {
    const page = await viewer.openSession(demo("grace", "savings"), { height: 2_000 });
    await live(page);
    expect(await row(page, 2).locator("pre").textContent()).toContain("import math");
    expect(await row(page, 3).locator("pre").textContent()).toContain("1343.92");
    const picture = row(page, 4).getByRole("img", { name: "growth.png" });
    await picture.waitFor();
    expect(await picture.evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth))).toBe(
      2,
    );
    expect(await row(page, 5).textContent()).toContain("Heard: and at five percent");
    expect(await row(page, 6).textContent()).toContain("interrupted");
    expect(await row(page, 7).textContent()).toContain("Said: One thousand");
  });

  test("folds what was compacted, and tells calls still open", async () => {
    const page = await viewer.openSession(demo("ada", "offsite"), { height: 2_000 });
    await live(page);
    expect(await row(page, 9).textContent()).toContain("Three cities were compared");
    expect(await row(page, 1).getByText("compacted", { exact: true }).count()).toBe(1);
    await page.getByLabel("Fold compacted").check();
    await page.getByRole("button", { name: "#1 is part of the summary in 9" }).waitFor();
    expect(await row(page, 1).count()).toBe(0);
    expect(await row(page, 11).textContent()).toContain("running");
  });

  test("marks invocations of which calls are open", async () => {
    const page = await viewer.openSession(demo("ada", "offsite"), { height: 3_000 });
    await live(page);
    await row(page, 11).waitFor();
    expect(await page.locator(".mark.invocation .badge.open").allTextContents()).toEqual(["1 open"]);
    await page.getByRole("button", { name: /Invocation research-2 · 1 call/ }).click();
    expect(await page.locator(".timeline li").textContent()).toMatch(/estimate.*open$/);
    await viewer.api.appendEvent({
      key: demo("ada", "offsite"),
      event: newEvent({
        content: '{"parts":[{"functionResponse":{"id":"cost-1","name":"estimate","response":{}}}]}',
      }),
    });
    await page.locator(".mark.invocation .badge.open").waitFor({ state: "detached" });
    expect(await row(page, 11).textContent()).toMatch(/estimate.*done.*long-running/);
  });

  test("shows unknown parts as JSON", async () => {
    const page = await viewer.openSession(demo("mallory", "../../etc/passwd?x=<b>"));
    await live(page);
    await row(page, 2).getByRole("button", { name: "A part of another kind" }).click();
    expect(await row(page, 2).textContent()).toContain("someFuturePart");
  });
});

describe("finding", () => {
  test("a text filters the whole history, and Escape leaves the search", async () => {
    const page = await viewer.openSession(demo("grace", "squares"), { height: 3_000 });
    await live(page);
    await page.keyboard.press("/");
    await page.keyboard.type("7 squared");
    await page
      .getByRole("status")
      .getByText(/^12 of 480$/)
      .waitFor();
    await row(page, 25).waitFor();
    await page.keyboard.press("Escape");
    expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe("INPUT");
    await page.getByRole("button", { name: "Show all" }).click();
    await row(page, 480).waitFor();
  });

  test("author, kind and invocation filter", async () => {
    const page = await openTrip();
    await page.getByLabel("Author").selectOption("booking");
    await page.getByText("4 of 19").waitFor();
    await page.getByLabel("Author").selectOption("");
    await page.getByLabel("Kind").selectOption("error");
    await page.getByText("2 of 19").waitFor();
    await page.getByLabel("Kind").selectOption("");
    await page.getByLabel("Invocation", { exact: true }).selectOption("inv-4");
    await page.getByText("3 of 19").waitFor();
  });

  test("an event has an address", async () => {
    const page = await viewer.openSession(demo("grace", "squares"), { event: 33 });
    await row(page, 33).waitFor();
    await selected(page, 33);
    await page.keyboard.press("j");
    await selected(page, 34);
    await expect.poll(() => new URL(page.url()).searchParams.get("event")).toBe("34");
    const link = row(page, 30).getByRole("link", { name: "Link to event 30" });
    await page.goto(`${viewer.board.url}${await link.getAttribute("href")}`);
    await selected(page, 30);
  });
});

async function openState(page: Page): Promise<Locator> {
  await page.getByRole("button", { name: "State", exact: true }).click();
  return page.getByRole("complementary", { name: "State" });
}

describe("state", () => {
  test("follows a slider over the sequence, from the server", async () => {
    const page = await openTrip();
    await page.keyboard.press("s");
    const panel = page.getByRole("complementary", { name: "State" });
    await panel.getByRole("button", { name: "At an event" }).click();
    const slider = panel.getByRole("slider", { name: "Right after event" });
    await slider.focus();
    await page.keyboard.press("Home");
    await panel.getByText("hotel_wanted").waitFor();
    expect(await slider.inputValue()).toBe("0");
    for (let step = 0; step < 6; step++) await page.keyboard.press("ArrowRight");
    await panel.getByText("trip:city").waitFor();
    expect(await slider.inputValue()).toBe("6");
    await panel.getByRole("button", { name: "Show event 6" }).click();
    await selected(page, 6);
  });

  test("of another event than the one asked for says so, until the right one is here", async () => {
    const page = await openTrip();
    const panel = await openState(page);
    await panel.getByRole("button", { name: "At an event" }).click();
    await panel.getByRole("spinbutton").fill("5");
    await panel.getByText("hotel_wanted").waitFor();
    const { promise: asked, resolve: held } = Promise.withResolvers<() => void>();
    await page.route(/GetSession/, (route) => held(() => void route.continue()), { times: 1 });
    await panel.getByRole("spinbutton").fill("19");
    const answer = await asked;
    await panel.getByText("Still the state right after event 5").waitFor();
    expect(await panel.textContent()).toContain("hotel_wanted");
    answer();
    await panel.getByText("booking").first().waitFor();
    expect(await panel.textContent()).not.toMatch(/Still|hotel_wanted/);
  });

  test("of now is shown by scope, and each event's change", async () => {
    const page = await openTrip();
    const panel = await openState(page);
    await panel.getByText("app:searches").first().waitFor();
    expect(await panel.textContent()).toMatch(
      /Session.*booking.*User.*user:home_airport.*App.*app:searches/s,
    );
    expect(await panel.textContent()).not.toContain("hotel_wanted");
    await row(page, 6)
      .getByRole("button", { name: /State: app:searches, budget/ })
      .click();
    await row(page, 6).getByText("500.0").waitFor();
  });

  test("right after any event, and what differs between two", async () => {
    const page = await openTrip();
    const panel = await openState(page);
    await panel.getByRole("button", { name: "At an event" }).click();
    await panel.getByRole("spinbutton").fill("5");
    await panel.getByText("hotel_wanted").waitFor();
    expect(await panel.textContent()).not.toContain("booking");
    await panel.getByRole("button", { name: "Difference" }).click();
    await panel.getByRole("spinbutton").first().fill("0");
    await panel.getByRole("spinbutton").last().fill("19");
    // The two states come one after the other.
    await expect
      .poll(() => panel.locator("dt").allTextContents())
      .toEqual(["booking added", "budget added", "hotel_wanted removed", "trip:city added"]);
  });
});
