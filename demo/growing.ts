/** A conversation that goes on for as long as somebody watches. */
import { answer, call, type EventInit, Script, text, thought } from "./events.ts";

const key = { appName: "travel-demo", userId: "ada", sessionId: "live-support" };

const questions = [
  "Where is my luggage?",
  "Which gate do we leave from?",
  "Is there a vegetarian meal?",
  "Can I change my seat to a window?",
];

/** Events one after the other, without an end. */
export async function* growing(signal: AbortSignal): AsyncGenerator<{ key: typeof key; event: EventInit }> {
  for (let turn = 1; !signal.aborted; turn++) {
    const question = questions[turn % questions.length] ?? "";
    const id = `${Date.now()}-${turn}`;
    const script = new Script(0)
      .invocation(`live-${id}`)
      .say("user", [text(question)])
      .say("support", [thought("Look it up."), call(`lookup-${id}`, "lookup", { question, attempt: turn })], {
        usage: 300 + turn,
      })
      .say("support", [answer(`lookup-${id}`, "lookup", { found: turn % 3 !== 0 })])
      .say(
        "support",
        [
          text(
            turn % 3 === 0
              ? "I could not find that; I'll ask a colleague."
              : `Here is what I found for question **${turn}**.`,
          ),
        ],
        {
          usage: 350 + turn,
          stateDelta: { questions: String(turn), last_question: JSON.stringify(question) },
        },
      );
    for (const event of script.events) yield { key, event: { ...event, timestamp: Date.now() / 1000 } };
  }
}
