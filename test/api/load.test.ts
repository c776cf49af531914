/** Many writers at once, while others read: nothing lost, nothing twice, no gaps. */
import { describe, expect, test } from "vitest";
import { type Key, newEvent, newKey, present, storeNames, useServer } from "./harness.ts";

const writers = 64;
const appends = 50;
const sessions = 16;

describe.each(storeNames)("%s", (store) => {
  const subject = useServer(store);

  test("64 writers append to 16 sessions while a reader streams", { timeout: 120_000 }, async () => {
    const api = subject.client("grpc-js");
    const { appName } = newKey();
    const keys = Array.from({ length: sessions }, (_, at) => ({ appName, userId: "u", sessionId: `s${at}` }));
    for (const key of keys) await api.createSession({ key });

    let writing = true;
    const reader = (async () => {
      let rounds = 0;
      while (writing || rounds === 0) {
        for (const key of keys) {
          const { headSeq, seqs } = await read(key);
          expect(seqs).toEqual(Array.from({ length: headSeq }, (_, at) => at + 1));
        }
        rounds++;
      }
      return rounds;
    })();

    async function read(key: Key): Promise<{ headSeq: number; seqs: number[] }> {
      let headSeq = 0;
      const seqs: number[] = [];
      for await (const { frame } of api.streamEvents({ key })) {
        if (frame.case === "opened") headSeq = Number(present(frame.value.session).headSeq);
        if (frame.case === "events") seqs.push(...frame.value.events.map(({ seq }) => Number(seq)));
      }
      return { headSeq, seqs };
    }

    async function write(writer: number): Promise<void> {
      const key = present(keys[writer % sessions]);
      for (let at = 0; at < appends; at++) {
        const name = `w${writer}-${at}`;
        const stateDelta = { [name]: String(at), [`user:w${writer}`]: String(at), "app:last": `"${name}"` };
        const { event } = await api.appendEvent({ key, event: newEvent({ id: name, stateDelta }) });
        expect(event?.id).toBe(name);
      }
    }

    const started = performance.now();
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    const perSecond = Math.round((writers * appends) / ((performance.now() - started) / 1_000));
    writing = false;
    console.log(
      `${store}: ${perSecond} appends per second while ${await reader} rounds of streams were read`,
    );

    const perSession = (writers / sessions) * appends;
    for (const [at, key] of keys.entries()) {
      const { headSeq, seqs } = await read(key);
      expect(headSeq).toBe(perSession);
      expect(seqs).toEqual(Array.from({ length: perSession }, (_, seq) => seq + 1));
      const { session } = await api.getSession({ key });
      expect(session).toMatchObject({ revision: BigInt(perSession + 1), eventCount: BigInt(perSession) });
      const own = Object.keys(present(session).state).filter((name) => !name.includes(":"));
      const expected = Array.from({ length: writers / sessions }, (_, each) => at + each * sessions).flatMap(
        (writer) => Array.from({ length: appends }, (_, each) => `w${writer}-${each}`),
      );
      expect(own.sort()).toEqual(expected.sort());
    }
    const { state } = await api.getUserState({ key: { appName, userId: "u" } });
    expect(Object.values(state)).toEqual(Array.from({ length: writers }, () => String(appends - 1)));
  });
});
