/** What changes while somebody looks. */
import { describe, expect, test } from "vitest";
import { connect, newEvent, newEvents, newKey, startServer } from "../api/harness.ts";
import { live, patience, placesAtRest, row, scrollUntil, useViewer } from "./support.ts";

const viewer = useViewer();

async function sessionOf(count: number) {
  const key = newKey();
  await viewer.api.createSession({ key });
  if (count > 0) await viewer.api.batchAppendEvents({ key, events: newEvents(count) });
  return key;
}

// The first of this file: nothing is there yet.
test("a page that was open before there was anything finds the first session by itself", async () => {
  const page = await viewer.open("/");
  await page.getByText("No sessions so far").waitFor();
  const key = await sessionOf(1);
  await page.locator(".list a", { hasText: key.sessionId }).click();
  await row(page, 1).waitFor();
  // And what came later when somebody looks for it.
  const other = await sessionOf(1);
  const apps = page.locator(".pickers select").first();
  expect(await apps.locator("option").allTextContents()).not.toContain(other.appName);
  await apps.focus();
  await expect.poll(() => apps.locator("option").allTextContents()).toContain(other.appName);
});

describe("a conversation", () => {
  test("grows at its end while the reader is there", async () => {
    const key = await sessionOf(40);
    const page = await viewer.openSession(key);
    await live(page);
    await row(page, 40).waitFor();
    for (let seq = 41; seq <= 44; seq++) {
      await viewer.api.appendEvent({ key, event: newEvent() });
      await row(page, seq).waitFor();
      const inView = () =>
        row(page, seq).evaluate((element) => element.getBoundingClientRect().bottom <= innerHeight);
      await expect.poll(inView, { timeout: patience }).toBe(true);
    }
  });

  test("does not move under a reader who scrolled up, and tells what is new", async () => {
    const key = await sessionOf(80);
    const page = await viewer.openSession(key);
    await live(page);
    await row(page, 80).waitFor();
    await scrollUntil(page, -300, async () => (await row(page, 80).count()) === 0);
    const before = await placesAtRest(page);
    await viewer.api.batchAppendEvents({ key, events: newEvents(3, "late") });
    const fresh = page.getByRole("button", { name: "3 new" });
    await fresh.waitFor();
    expect(await placesAtRest(page)).toBe(before);
    await fresh.click();
    await row(page, 83).waitFor();
    await expect.poll(() => fresh.count(), { timeout: patience }).toBe(0);
  });

  test("keeps its state current, also by changes without an event", async () => {
    const key = await sessionOf(1);
    const page = await viewer.openSession(key);
    await live(page);
    await page.keyboard.press("s");
    const panel = page.getByRole("complementary", { name: "State" });
    await viewer.api.appendEvent({ key, event: newEvent({ stateDelta: { colour: '"red"' } }) });
    await panel.getByText('"red"').waitFor();
    await viewer.api.updateSession({ key, stateDelta: { colour: '"blue"' }, displayName: "A new title" });
    await panel.getByText('"blue"').waitFor();
    await page.getByRole("heading", { name: "A new title" }).waitFor();
    expect(await row(page, 2).textContent()).toContain("Changed without an event");
  });

  test("says that it was deleted, and begins anew when it is made again", async () => {
    const key = await sessionOf(2);
    const page = await viewer.openSession(key);
    await live(page);
    await viewer.api.deleteSession({ key });
    await page.locator(".connection.deleted").waitFor();
    await viewer.api.createSession({ key });
    await page.reload();
    await live(page);
    await page.getByText("No events so far.").waitFor();
  });

  test("needs no file of the page once it is open, which a server that is away would not give", async () => {
    const key = await sessionOf(0);
    const page = await viewer.openSession(key, { expected: /ERR_FAILED/ });
    await live(page);
    await page.route("**/assets/**", (route) => route.abort());
    const content = JSON.stringify({ role: "model", parts: [{ text: "**loud**" }] });
    await viewer.api.appendEvent({ key, event: newEvent({ content }) });
    await row(page, 1).locator("strong", { hasText: "loud" }).waitFor();
  });

  test("reconnects by itself after the server was killed, and misses nothing", async () => {
    const key = await sessionOf(3);
    const page = await viewer.openSession(key, { expected: /ERR_|Failed to load resource/ });
    await live(page);
    await viewer.server.server.kill();
    await page.locator(".connection.waiting").waitFor();
    await viewer.server.restart();
    viewer.board.target = viewer.server.server.httpPort;
    await viewer.api.batchAppendEvents({ key, events: newEvents(2, "after") });
    await live(page);
    await row(page, 5).waitFor();
    expect(await page.locator("article").count()).toBe(5);
  });
});

describe("the list", () => {
  test("shows new sessions, moves changed ones up, drops deleted ones", async () => {
    const first = newKey();
    await viewer.api.createSession({ key: first, displayName: "First" });
    const page = await viewer.open(`/?app=${encodeURIComponent(first.appName)}`);
    const titles = () => page.locator(".list-title").allTextContents();
    await page.getByText("live ·").waitFor();
    await expect.poll(titles, { timeout: patience }).toEqual(["First"]);
    const second = { ...first, sessionId: "s2" };
    await viewer.api.createSession({ key: second, displayName: "Second" });
    await expect.poll(titles, { timeout: patience }).toEqual(["Second", "First"]);
    await viewer.api.appendEvent({ key: first, event: newEvent() });
    await expect.poll(titles, { timeout: patience }).toEqual(["First", "Second"]);
    await viewer.api.deleteSession({ key: second });
    await expect.poll(titles, { timeout: patience }).toEqual(["First"]);
  });

  test("pages, filters by owner and label, and jumps to an id", async () => {
    const app = newKey().appName;
    for (let at = 1; at <= 120; at++) {
      const key = { appName: app, userId: `u${at % 3}`, sessionId: `s${at}` };
      await viewer.api.createSession({
        key,
        ownerId: at % 40 === 0 ? "rare" : "",
        labels: at % 60 === 0 ? { kind: "x" } : {},
      });
    }
    const page = await viewer.open(`/?app=${encodeURIComponent(app)}`);
    const count = (text: string) => page.locator(".list-state").getByText(text).waitFor();
    await count("50+ sessions");
    // Again and again while it says no more: its end is elsewhere once it has the heights of what was in sight.
    const scrolled = (shown: string) =>
      page.locator("body").evaluate((body, shown) => {
        const [state, list] = [body.querySelector(".list-state"), body.querySelector(".list")];
        const says = state?.textContent ?? "";
        if (says.includes(shown)) list?.scrollTo(0, list.scrollHeight);
        return says;
      }, shown);
    await expect.poll(() => scrolled("50+ sessions"), { timeout: patience }).toContain("100+ sessions");
    await expect.poll(() => scrolled("100+ sessions"), { timeout: patience }).toContain("120 sessions");
    await page.getByText("Filter, jump").click();
    await page.getByLabel("Owner").fill("rare");
    await count("3 sessions");
    await page.getByLabel("Label").fill("kind=x");
    await count("1 session");
    await page.getByLabel("User id").fill("u1");
    await page.getByLabel("Session id").fill("s100");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await page.getByRole("heading", { name: "s100" }).waitFor();
  });

  test("stays everybody's when a session is chosen in it, and becomes one user's when that is chosen", async () => {
    const app = newKey().appName;
    for (const user of ["ana", "ben"]) {
      await viewer.api.createSession({ key: { appName: app, userId: user, sessionId: `of ${user}` } });
    }
    const page = await viewer.open(`/?app=${encodeURIComponent(app)}`);
    const titles = () => page.locator(".list-title").allTextContents();
    await expect.poll(titles, { timeout: patience }).toEqual(["of ben", "of ana"]);
    await page.locator(".list a", { hasText: "of ana" }).click();
    await page.getByRole("heading", { name: "of ana" }).waitFor();
    await live(page);
    expect(await titles()).toEqual(["of ben", "of ana"]);
    expect(await page.locator(".list a[aria-current=page]").textContent()).toContain("of ana");
    await page.locator(".pickers select").last().selectOption("ben");
    await expect.poll(titles, { timeout: patience }).toEqual(["of ben"]);
    // An address with a user lists that user's.
    await page.goto(`${viewer.board.url}/?${new URLSearchParams({ app, user: "ana", session: "of ana" })}`);
    await live(page);
    await expect.poll(titles, { timeout: patience }).toEqual(["of ana"]);
  });

  test("offers the apps and users that exist", async () => {
    const key = await sessionOf(1);
    const page = await viewer.open("/");
    await page.locator(".pickers select").first().selectOption(key.appName);
    await page.locator(".pickers select").last().selectOption(key.userId);
    await page.locator(".list a").click();
    await row(page, 1).waitFor();
    await page.goBack();
    await page.getByText("Choose a session").waitFor();
  });
});

test("a server that goes down in good order tells its pages to come back", async () => {
  const key = await sessionOf(1);
  const page = await viewer.openSession(key, { expected: /ERR_|Failed to load resource/ });
  await live(page);
  const next = await startServer({ store: viewer.server.data.url });
  try {
    viewer.board.target = next.httpPort;
    await viewer.server.server.stop();
    viewer.board.cut();
    await viewer.api.close();
    // Said by the next server, which the page has to have found.
    const api = connect("grpc-js", next);
    await api.appendEvent({ key, event: newEvent() });
    await api.close();
    await row(page, 2).waitFor();
    await live(page);
  } finally {
    await next.stop();
    await viewer.server.restart();
    viewer.board.target = viewer.server.server.httpPort;
  }
});
