/** The stored text of events and sessions: shown, copied, downloaded, and opened from files. */
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import { conversations } from "../../demo/conversations.ts";
import { type Key, newEvent, newKey } from "../api/harness.ts";
import { live, openFile, row, selected, useViewer } from "./support.ts";

const viewer = useViewer();

/** Nothing of it survives a parser that makes doubles of numbers, or a writer of its own. */
const content = '{"parts":[{"text":"x","n":9007199254740993,"f":1.0,"u":"\\u0000"}]}';

const trip: Key = { appName: "travel-demo", userId: "ada", sessionId: "lisbon-weekend" };
let key: Key;

beforeAll(async () => {
  const [demo] = conversations();
  if (demo === undefined) throw new Error("the demonstration is empty");
  await viewer.api.createSession(demo.session);
  await viewer.api.batchAppendEvents({ key: trip, events: demo.events });
  key = newKey();
  await viewer.api.createSession({
    key,
    ownerId: "o",
    labels: { channel: "web" },
    state: { big: "9007199254740993", f: "1.0" },
  });
  await viewer.api.appendEvent({ key, event: newEvent({ content, extra: '{"z":-0.0}' }) });
});

async function download(page: Page, name: string): Promise<{ name: string; text: string }> {
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name }).click(),
  ]);
  return { name: saved.suggestedFilename(), text: await readFile(await saved.path(), "utf8") };
}

describe("JSON", () => {
  test("of an event is what was stored, to the byte", async () => {
    const page = await viewer.openSession(key);
    await live(page);
    await row(page, 1).getByRole("button", { name: "JSON" }).click();
    const text = (await row(page, 1).locator(".raw pre").textContent()) ?? "";
    expect(text.replaceAll(/\s/g, "")).toContain(`"content":${content}`);
    expect(text).toContain('"z": -0.0');
  });

  test("of a session is what is stored now, also after a change", async () => {
    const page = await viewer.openSession(key);
    await live(page);
    await page.getByRole("button", { name: "JSON of the session" }).click();
    const shown = page.getByRole("region", { name: "The session as JSON" }).locator("pre");
    await shown.waitFor();
    const text = (await shown.textContent()) ?? "";
    expect(text).toContain('"big": 9007199254740993');
    expect(text).toContain('"f": 1.0');
    const { session } = await viewer.api.getSession({ key });
    expect(JSON.parse(text)).toMatchObject({
      id: key.sessionId,
      uid: session?.uid,
      headSeq: 1,
      eventBytes: Number(session?.eventBytes),
      ownerId: "o",
      labels: { channel: "web" },
    });
    await viewer.api.updateSession({ key, stateDelta: { later: "1e400" } });
    await shown.getByText('"later": 1e400').waitFor();
  });
});

describe("copying", () => {
  // Looked for from before: it says so for three seconds only.
  const copy = (place: Locator) =>
    Promise.all([
      place.getByRole("button", { name: "Copied" }).waitFor(),
      place.getByRole("button", { name: "Copy JSON" }).click(),
    ]);
  const pasted = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

  test("puts an event, a session and a state on the clipboard as they are stored", async () => {
    const page = await viewer.openSession(key);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await live(page);
    await row(page, 1).getByRole("button", { name: "JSON" }).click();
    await copy(row(page, 1));
    expect(await pasted(page)).toContain(`"content":${content}`);
    await page.getByRole("button", { name: "JSON of the session" }).click();
    const session = page.getByRole("region", { name: "The session as JSON" });
    await copy(session);
    expect(await pasted(page)).toContain('"big":9007199254740993');
    await page.keyboard.press("s");
    await page.getByRole("button", { name: "Copy as JSON" }).click();
    await expect.poll(() => pasted(page)).toMatch(/^\{\n {2}"big": 9007199254740993,/);
  });

  test("works on a page that has no clipboard of its own, as plain http has none", async () => {
    const page = await viewer.open("/");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.addInitScript(() => {
      const { clipboard } = navigator;
      Object.assign(globalThis, { read: () => clipboard.readText() });
      Object.defineProperty(Navigator.prototype, "clipboard", { value: undefined });
    });
    const { appName: app, userId: user, sessionId: session } = key;
    await page.goto(`${viewer.board.url}/?${new URLSearchParams({ app, user, session })}`);
    await live(page);
    await row(page, 1).getByRole("button", { name: "JSON" }).click();
    await copy(row(page, 1));
    const read = () => page.evaluate(() => (globalThis as unknown as { read(): Promise<string> }).read());
    expect(await read()).toContain(`"content":${content}`);
  });
});

describe("files", () => {
  test("a session downloads as lines and as a file, which opens again to the same", async () => {
    const page = await viewer.openSession(trip, { height: 3_000 });
    await live(page);
    const lines = await download(page, "JSON lines");
    expect(lines.name).toBe("lisbon-weekend.jsonl");
    expect(lines.text.trim().split("\n")).toHaveLength(19);
    const file = await download(page, "Session file");
    expect(file.text).toContain('"offerId":9007199254740993');
    expect(JSON.parse(file.text)).toMatchObject({ id: "lisbon-weekend", appName: "travel-demo" });
    for (const [{ name, text }, title] of [
      [file, "lisbon-weekend"],
      [lines, "lisbon-weekend.jsonl"],
    ] as const) {
      await openFile(page, name, text);
      await page.getByRole("heading", { name: title, exact: true }).waitFor();
      await page.locator(".connection.file").waitFor();
      await row(page, 19).waitFor();
      expect(await row(page, 4).textContent()).toContain("search_flights");
      expect((await download(page, "JSON lines")).text).toBe(lines.text);
    }
  });

  /** As adk web writes one. */
  const adkWeb = {
    id: "from-adk-web",
    appName: "weather",
    userId: "user",
    state: { city: "Graz", "user:unit": "C" },
    events: [
      {
        content: { parts: [{ text: "Rain in **Graz**?" }], role: "user" },
        invocationId: "e-1",
        author: "user",
      },
      {
        content: { parts: [{ functionCall: { id: "adk-1", name: "look_up", args: { city: "Graz" } } }] },
        invocationId: "e-1",
        author: "weather",
        longRunningToolIds: [],
      },
      {
        content: {
          parts: [{ functionResponse: { id: "adk-1", name: "look_up", response: { rain: true } } }],
        },
        invocationId: "e-1",
        author: "weather",
        actions: { stateDelta: { city: "Graz" }, artifactDelta: {}, requestedAuthConfigs: {} },
      },
    ].map((event, at) => ({ ...event, id: `id-${at}`, timestamp: 1_780_000_000.25 + at })),
    lastUpdateTime: 1_780_000_002.25,
  };

  test("of adk web open, are read only, and nothing of them is asked of the server", async () => {
    const page = await viewer.open("/");
    await page.getByText("Choose a session").waitFor();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await openFile(page, "session-weather.json", JSON.stringify(adkWeb));
    await page.getByRole("heading", { name: "from-adk-web" }).waitFor();
    await page.locator(".connection.file").waitFor();
    expect(await row(page, 1).locator("strong").textContent()).toBe("Graz");
    expect(await row(page, 2).textContent()).toMatch(/look_up.*done.*1\.0 s/);
    expect(await row(page, 1).getByRole("link").count()).toBe(0);
    await page.keyboard.press("s");
    const panel = page.getByRole("complementary", { name: "State" });
    await panel.getByText("user:unit").waitFor();
    await panel.getByRole("button", { name: "At an event" }).click();
    await panel.getByRole("spinbutton").fill("2");
    await panel.getByText("There is none.").waitFor();
    await panel.getByRole("spinbutton").fill("3");
    await panel.getByText('"Graz"').waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("g");
    await page.keyboard.press("g");
    await selected(page, 1);
    // Another file takes its place, and nothing of the first stays.
    await openFile(page, "other.json", JSON.stringify({ ...adkWeb, id: "another" }));
    await page.getByRole("heading", { name: "another" }).waitFor();
    expect(await page.locator(".row.selected").count()).toBe(0);
    await page.getByRole("link", { name: "sessiond", exact: true }).click();
    await page.getByText("Choose a session").waitFor();
    expect(asked.filter((url) => !/\/assets\/|ListApps/.test(url))).toEqual([]);
  });

  test("that are none say so, and leave the page as it was", async () => {
    const page = await viewer.openSession(key);
    await live(page);
    await openFile(page, "notes.txt", '{"id": 1}\nnothing');
    await page.getByText("notes.txt: line 2 is no event, and the file is no session.").waitFor();
    await row(page, 1).waitFor();
    await live(page);
  });
});
