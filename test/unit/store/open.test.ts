import { expect, test } from "vitest";
import { StartError } from "../../../src/store/errors.ts";
import { ENGINES, engineFor } from "../../../src/store/open.ts";

test.each(ENGINES.flatMap((engine) => engine.schemes.map((scheme) => [scheme, engine] as const)))(
  "%s: selects its engine, in any case",
  (scheme, engine) => {
    expect(engineFor(`${scheme}:x`)).toBe(engine);
    expect(engineFor(`${scheme.toUpperCase()}:x`)).toBe(engine);
  },
);

test("no two engines have a scheme in common", () => {
  const schemes = ENGINES.flatMap((engine) => engine.schemes);
  expect(new Set(schemes).size).toBe(schemes.length);
});

test.each(["", "data.db", "postgres://u:secret@h/d", "sqlit:x", ":x", "toString:x"])(
  "%j is refused with the forms that there are, and without its password",
  (url) => {
    let error: unknown;
    try {
      engineFor(url);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(StartError);
    for (const { urlForm } of ENGINES) expect((error as StartError).message).toContain(urlForm);
    expect((error as StartError).message).not.toContain("secret");
  },
);
