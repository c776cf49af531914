/** What an event holds is somebody else's: it never runs, loads or leaves the page by itself. */
import { beforeAll, describe, expect, test } from "vitest";
import { type Key, newEvent, newKey } from "../api/harness.ts";
import { live, row, unfoldAll, useViewer } from "./support.ts";

const viewer = useViewer();

const payloads = [
  "<script>document.title = 'owned'</script>",
  "<img src=x onerror=\"document.title = 'owned'\">",
  "<svg onload=\"document.title = 'owned'\"></svg>",
  "<iframe src=\"javascript:document.title = 'owned'\"></iframe>",
  "[link](javascript:document.title='owned')",
  "[link](JaVaScRiPt&colon;document.title='owned')",
  "[link](data:text/html,<script>1</script>)",
  "[link](vbscript:msgbox)",
  "![pixel](https://example.invalid/pixel.png)",
  "![pixel](//example.invalid/pixel.png)",
  '<style>@import url("https://example.invalid/x.css")</style>',
  '<a href="https://example.invalid" ping="https://example.invalid/ping">x</a>',
  "[ref]: https://example.invalid/a.png\n![alt][ref]",
  "<https://example.invalid/> `code` \u202egnp.exe",
];

let key: Key;

beforeAll(async () => {
  key = newKey({ sessionId: "<img src=x onerror=alert(1)>", userId: '"><script>alert(1)</script>' });
  await viewer.api.createSession({
    key,
    displayName: "<script>document.title = 'owned'</script>",
    ownerId: "<b>owner</b>",
    labels: { "<i>": "<u>" },
    state: { "<script>": JSON.stringify("<script>document.title = 'owned'</script>") },
  });
  for (const text of payloads) {
    const parts = [
      { text },
      { text, thought: true },
      { functionCall: { id: text, name: text, args: { [text]: text } } },
      { functionResponse: { id: text, name: text, response: { result: text } } },
      {
        inlineData: {
          mimeType: "image/svg+xml",
          data: btoa(`<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>`),
        },
      },
      { inlineData: { mimeType: "text/html", data: btoa("<script>1</script>") } },
      { fileData: { fileUri: "https://example.invalid/file.png", mimeType: "image/png" } },
      { executableCode: { language: text, code: text } },
      { [text]: text },
    ];
    await viewer.api.appendEvent({
      key,
      event: newEvent({
        author: text,
        branch: text,
        invocationId: text,
        errorCode: text,
        errorMessage: text,
        content: JSON.stringify({ role: "model", parts }),
        stateDelta: { [text.slice(0, 40)]: JSON.stringify(text) },
      }),
    });
  }
});

describe("hostile content", () => {
  // The page object itself fails the test if anything is asked of another host, or the policy had to step in.
  test("runs nothing, loads nothing, and shows as text", { timeout: 240_000 }, async () => {
    const page = await viewer.openSession(key, { height: 12_000 });
    await live(page);
    // From the end and from the beginning: unfolded, not all of it is in sight at once.
    for (const [key, seq] of [
      ["G", payloads.length],
      ["g", 1],
    ] as const) {
      await page.keyboard.press(key);
      await page.keyboard.press(key);
      await row(page, seq).waitFor();
      await unfoldAll(page);
      await page.getByRole("button", { name: "JSON", exact: true }).evaluateAll((all) => {
        for (const button of all) (button as HTMLButtonElement).click();
      });
      expect(await row(page, seq).textContent()).toContain(payloads[seq - 1]);
      expect(await page.title()).toBe("sessiond");
      const dangerous = "main script, main iframe, main style, main svg, main img, main object";
      expect(await page.locator(dangerous).count()).toBe(0);
    }
    await page.keyboard.press("s");
    await page.getByRole("complementary", { name: "State" }).waitFor();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("<script>");
  });

  test("leads nowhere but to the web, and only when followed", async () => {
    const page = await viewer.openSession(key, { height: 12_000 });
    await live(page);
    await row(page, payloads.length).waitFor();
    await page.locator("article .markdown a").first().waitFor();
    const links = await page.locator("article .markdown a").evaluateAll((all) =>
      all.map((link) => ({
        href: link.getAttribute("href") ?? "",
        rel: link.getAttribute("rel") ?? "",
        ping: link.getAttribute("ping"),
      })),
    );
    expect(links.length).toBeGreaterThan(0);
    for (const { href, rel, ping } of links) {
      expect(href).toMatch(/^https?:\/\//);
      expect(rel).toContain("noreferrer");
      expect(ping).toBeNull();
    }
  });

  test("is held by a policy without inline script or foreign hosts", async () => {
    const response = await fetch(viewer.server.server.httpUrl);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(await response.text()).not.toMatch(/<script(?![^>]*src=)|<style|style=|\son\w+=/);
    expect(response.headers.get("x-frame-options")).toBe("DENY");
  });
});
