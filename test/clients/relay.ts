/** One conversation that agents in all languages lead in turn, followed live by a tail in each. */
import { expect, test } from "vitest";
import { languages } from "./languages.ts";
import type { Setting } from "./support.ts";

/** How many events a turn has: the question, the call of the tool, its result, the answer. */
const eventsPerTurn = 4;

/** Two rounds of turns; every agent meets what every other wrote. */
export function relayTests(setting: () => Setting): void {
  test("a relay: each agent goes on with the state that the one before left", async () => {
    const { peers, stubs } = setting();
    const key = { app: "relay", user: "ann", session: "baton" };
    const wireKey = { appName: key.app, userId: key.user, sessionId: key.session };
    await stubs.createSession({ key: wireKey, state: {} });
    for (const language of languages) await peers[language].follow(key);

    const turns = [...languages, ...languages];
    for (const [index, language] of turns.entries()) {
      const before = turns[index - 1] ?? "nobody";
      const answer = await peers[language].turn(key, `Leg ${index + 1}, please.`);
      expect(answer).toBe(`${language}: leg ${index + 1} after ${before}`);
    }

    const { session } = await stubs.getSession({ key: wireKey });
    const state = Object.fromEntries(
      Object.entries(session?.state ?? {}).map(([name, text]) => [name, JSON.parse(text)]),
    );
    expect(state).toEqual({ leg: turns.length, "user:languages": turns, "app:legs": turns.length });

    const { events } = await stubs.listEvents({ key: wireKey, pageSize: 1000 });
    const stored = events.map(({ seq, id, author }) => ({ seq: Number(seq), id, author }));
    expect(stored.map(({ author }) => author)).toEqual(
      turns.flatMap((language) => ["user", ...Array(eventsPerTurn - 1).fill(`${language}_agent`)]),
    );
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
    for (const language of languages) {
      expect(await peers[language].seen(stored.length), `the tail in ${language}`).toEqual(stored);
    }
  });
}
