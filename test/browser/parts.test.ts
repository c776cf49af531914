/** What an event may hold beside words and calls: data of all sizes and kinds, turns in pieces, what is unknown. */
import { readFile } from "node:fs/promises";
import { crc32, deflateSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { type Key, newEvent, newKey } from "../api/harness.ts";
import { live, openFile, patience, row, scrollUntil, useViewer } from "./support.ts";

const viewer = useViewer();

function partsOf(...parts: object[]) {
  return newEvent({ content: JSON.stringify({ role: "model", parts }) });
}

async function sessionOf(events: ReturnType<typeof newEvent>[]): Promise<Key> {
  const key = newKey();
  await viewer.api.createSession({ key });
  await viewer.api.batchAppendEvents({ key, events });
  return key;
}

/** A grey PNG of so many bytes: the rest is a chunk that every reader skips. */
function png(bytes: number): string {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const header = Buffer.from([0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0]);
  const small = [
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(Buffer.alloc(8))),
    chunk("IEND", Buffer.alloc(0)),
  ];
  const rest = bytes - small.reduce((sum, part) => sum + part.length, 0) - 12;
  if (rest >= 0) small.splice(2, 0, chunk("prVt", Buffer.alloc(rest)));
  return Buffer.concat(small).toString("base64");
}

/** A tenth of a second of silence. */
function wav(): string {
  const samples = Buffer.alloc(800, 128);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8, "latin1");
  head.writeUInt32LE(16, 16);
  // PCM, one channel, 8,000 samples a second of one byte.
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write("data", 36, "latin1");
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]).toString("base64");
}

describe("data inside an event", () => {
  const kib = 1024;
  let key: Key;

  beforeAll(async () => {
    key = await sessionOf([
      partsOf({ inlineData: { mimeType: "image/png", data: png(500 * kib), displayName: "small.png" } }),
      partsOf({ inlineData: { mimeType: "image/png", data: png(600 * kib), displayName: "large.png" } }),
      partsOf({
        inlineData: {
          mimeType: "application/pdf",
          data: btoa("%PDF-1.7 not really"),
          displayName: "a/b.pdf",
        },
      }),
      partsOf({ inlineData: { mimeType: "image/png", data: "no base64!", displayName: "broken.png" } }),
      partsOf({ fileData: { fileUri: "gs://bucket/film.mp4", mimeType: "video/mp4" } }),
      partsOf({ inlineData: { mimeType: "audio/wav", data: wav(), displayName: "said.wav" } }),
    ]);
  });

  test("shows a picture up to 512 KiB at once, a larger one when asked", async () => {
    const page = await viewer.openSession(key, { height: 2_000 });
    await live(page);
    const image = (name: string) => page.getByRole("img", { name });
    await image("small.png").waitFor();
    expect(
      await image("small.png").evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth)),
    ).toBe(3);
    expect(await image("large.png").count()).toBe(0);
    expect(await row(page, 2).textContent()).toContain("large.png · 600.0 KiB");
    await row(page, 2).getByRole("button", { name: "Show", exact: true }).click();
    await image("large.png").waitFor();
    expect(
      await image("large.png").evaluate((img: HTMLImageElement) => img.decode().then(() => img.naturalWidth)),
    ).toBe(3);
  });

  test("plays a sound", async () => {
    const page = await viewer.openSession(key, { height: 2_000 });
    await live(page);
    const sound = row(page, 6).locator("audio");
    await sound.waitFor();
    expect(await sound.getAttribute("aria-label")).toBe("said.wav");
    const duration = () => sound.evaluate((audio: HTMLAudioElement) => audio.duration);
    await expect.poll(duration, { timeout: patience }).toBeCloseTo(0.1);
  });

  test("is a file to download where it is no picture, and no harm where it is nothing", async () => {
    const page = await viewer.openSession(key, { height: 2_000 });
    await live(page);
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      row(page, 3).getByRole("button", { name: "Download" }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe("a_b.pdf");
    expect(await readFile(await saved.path(), "utf8")).toBe("%PDF-1.7 not really");
    expect(await row(page, 4).textContent()).toContain("broken.png");
    expect(await page.getByRole("img", { name: "broken.png" }).count()).toBe(0);
    // What lies elsewhere is named, not fetched: a request would fail the test.
    expect(await row(page, 5).textContent()).toContain("gs://bucket/film.mp4");
  });
});

describe("a turn", () => {
  test("in pieces says which are partial, interrupted, and its last", async () => {
    // Partial events are for the screen: a server stores none, and a file may have some.
    const pieces = [
      { partial: true, content: { parts: [{ text: "One thou" }] } },
      { partial: false, interrupted: true, content: { parts: [{ text: "One thousand" }] } },
      { turnComplete: true, content: { parts: [{ text: "Well:" }] } },
    ];
    const page = await viewer.open("/");
    await openFile(page, "pieces.jsonl", pieces.map((piece) => JSON.stringify(piece)).join("\n"));
    await row(page, 3).waitFor();
    const badges = (seq: number) => row(page, seq).locator("header .badge").allTextContents();
    expect(await badges(1)).toEqual(["partial"]);
    expect(await badges(2)).toEqual(["interrupted"]);
    expect(await badges(3)).toEqual(["turn complete"]);
  });

  test("that goes up, ends or asks for more says so", async () => {
    const actions = (value: object) => new TextEncoder().encode(JSON.stringify(value));
    const key = await sessionOf([
      newEvent({ actions: actions({ escalate: true }) }),
      newEvent({
        actions: actions({ endOfAgent: true, requestedToolConfirmations: { c: { hint: "sure?" } } }),
      }),
      newEvent({ errorCode: "SAFETY", errorMessage: "blocked" }),
    ]);
    const page = await viewer.openSession(key);
    await live(page);
    expect(await row(page, 1).textContent()).toContain("Escalated to the agent above");
    expect(await row(page, 2).textContent()).toContain("The agent's work is done");
    await row(page, 2).getByRole("button", { name: "Other actions: requestedToolConfirmations" }).click();
    await row(page, 2).getByRole("button", { name: "requestedToolConfirmations: { 1 }" }).click();
    await row(page, 2).getByRole("button", { name: "c: { 1 }" }).click();
    expect(await row(page, 2).textContent()).toContain("sure?");
    expect(await row(page, 3).locator(".error").textContent()).toBe("SAFETY blocked");
  });
});

describe("calls and rewinds of a long session", () => {
  test("say nothing of what is not loaded, and are right once it is", { timeout: 120_000 }, async () => {
    const key = newKey();
    await viewer.api.createSession({ key });
    const call = newEvent({
      invocationId: "asked",
      content: '{"parts":[{"functionCall":{"id":"far","name":"far","args":{}}}]}',
    });
    const answer = '{"parts":[{"functionResponse":{"id":"far","name":"far","response":{"ok":true}}}]}';
    const filler = (count: number, invocationId: string) =>
      Array.from({ length: count }, () => newEvent({ invocationId }));
    const back = new TextEncoder().encode('{"rewindBeforeInvocationId":"taken-back"}');
    await viewer.api.batchAppendEvents({
      key,
      events: [call, ...filler(399, "between"), newEvent({ content: answer }), ...filler(500, "taken-back")],
    });
    await viewer.api.batchAppendEvents({ key, events: [newEvent({ actions: back }), ...filler(30, "on")] });
    const page = await viewer.openSession(key);
    await live(page);
    // The invocation that was taken back began long before what is loaded.
    await page.keyboard.press("k");
    await row(page, 931).waitFor();
    await scrollUntil(page, -500, async () => (await page.locator("article.rewound").count()) > 0);
    await page.keyboard.press("g");
    await page.keyboard.press("g");
    await row(page, 1).waitFor();
    expect(await row(page, 1).textContent()).toContain("not loaded");
    expect(await row(page, 1).textContent()).not.toContain("no answer");
    await page.getByLabel("Search in this conversation").fill('"far"');
    await page.getByText(/^2 of 932$/).waitFor();
    await expect.poll(() => row(page, 1).textContent()).toMatch(/far.*done/);
  });
});
