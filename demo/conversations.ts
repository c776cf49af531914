/** Conversations with everything that a viewer has to show. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CreateSessionRequestSchema } from "../gen/ts/sessiond/v1/session_service_pb.ts";
import { actions, answer, call, type EventInit, integer, Script, text, thought } from "./events.ts";

/** A session and what is said in it. */
export interface DemoConversation {
  readonly session: MessageInitShape<typeof CreateSessionRequestSchema>;
  readonly events: EventInit[];
}

const app = "travel-demo";

/** All of them, made anew with times that end now. */
export function conversations(): DemoConversation[] {
  return [trip(), code(), parallel(), hostile(), long()];
}

/** Tools, thoughts, state in all scopes, a long-running call with two answers, a transfer, an error, a rewind. */
function trip(): DemoConversation {
  const script = new Script(5_400);
  script
    .invocation("inv-1")
    .say("user", [
      text("I'd like to spend a long weekend in **Lisbon** with two friends. What would you suggest?"),
    ])
    .say(
      "concierge",
      [
        thought("Three people, a weekend: first the dates, then flights."),
        text("Gladly! Three questions first:\n\n1. Which weekend?\n2. From where?\n3. Roughly which budget?"),
      ],
      { usage: 412 },
    )
    .say("user", [text("First weekend of December, from Hamburg, about 500 € each.")])
    .say(
      "concierge",
      [
        call("call-flights", "search_flights", {
          from: "HAM",
          to: "LIS",
          out: "2026-12-04",
          back: "2026-12-07",
          adults: 3,
        }),
        call("call-weather", "weather_outlook", { city: "Lisbon", month: 12 }),
      ],
      { usage: 655 },
    )
    .wait(2.1)
    .say("concierge", [
      answer("call-flights", "search_flights", {
        offers: [
          { carrier: "TP", price: 187.4, stops: 0, seats: 9 },
          { carrier: "LH", price: 204.0, stops: 1, seats: 4 },
        ],
        offerId: integer("9007199254740993"),
      }),
      answer("call-weather", "weather_outlook", { highCelsius: 15.0, rainyDays: 10 }),
    ])
    .say(
      "concierge",
      [
        text(
          "There is a direct flight for **187.40 €**. Lisbon has about 15 °C then; take a raincoat.\n\n| carrier | price | stops |\n|---|---|---|\n| TP | 187.40 € | 0 |\n| LH | 204.00 € | 1 |",
        ),
      ],
      {
        usage: 912,
        stateDelta: {
          "trip:city": '"Lisbon"',
          budget: "500.0",
          "user:home_airport": '"HAM"',
          "app:searches": "4711",
        },
      },
    )
    .wait(900)
    .invocation("inv-2")
    .say("user", [text("Book the direct one.")])
    .say("concierge", [text("I hand you over to our booking desk.")], {
      actions: actions({ transferToAgent: "booking" }),
      usage: 301,
    })
    .say(
      "booking",
      [call("call-book", "book_flight", { offerId: integer("9007199254740993"), travellers: 3 })],
      {
        longRunningToolIds: { ids: ["call-book"] },
        branch: "concierge.booking",
        usage: 498,
      },
    )
    .say("booking", [answer("call-book", "book_flight", { status: "pending", ticket: null })], {
      branch: "concierge.booking",
    })
    .wait(240)
    .say("booking", [answer("call-book", "book_flight", { status: "confirmed", ticket: "LX7Q2P" })], {
      branch: "concierge.booking",
      stateDelta: { booking: '{"ticket":"LX7Q2P","travellers":3}' },
    })
    .say(
      "booking",
      [
        text("Booked: **LX7Q2P**. Your tickets are attached."),
        {
          fileData: {
            fileUri: "gs://demo-tickets/LX7Q2P.pdf",
            mimeType: "application/pdf",
            displayName: "LX7Q2P.pdf",
          },
        },
      ],
      {
        branch: "concierge.booking",
        actions: actions({ artifactDelta: { "LX7Q2P.pdf": 0 } }),
        usage: 530,
      },
    )
    .wait(1_200)
    .invocation("inv-3")
    .say("user", [text("Can you find a hotel in Alfama, too?")])
    .say("concierge", [call("call-hotel", "search_hotels", { district: "Alfama", nights: 3 })], {
      usage: 387,
    })
    .wait(8)
    .say("concierge", [answer("call-hotel", "search_hotels", { error: "upstream timed out after 8 s" })])
    .say("concierge", [], { errorCode: "TOOL_FAILED", errorMessage: "search_hotels did not answer in time" })
    .invocation("inv-4")
    .say("user", [], {
      actions: actions({ rewindBeforeInvocationId: "inv-3" }),
      removedStateKeys: ["hotel_wanted"],
    })
    .say("user", [text("Forget the hotel for now; we have friends there.")])
    .say("concierge", [text("Even better. Have a good trip!")], { turnComplete: true, usage: 240 });
  return {
    session: {
      key: { appName: app, userId: "ada", sessionId: "lisbon-weekend" },
      displayName: "A weekend in Lisbon",
      ownerId: "team-north",
      labels: { channel: "web", priority: "high" },
      state: { hotel_wanted: "true", locale: '"en-GB"' },
    },
    events: script.events,
  };
}

/** Code, its output, a picture, transcriptions, an interruption. */
function code(): DemoConversation {
  const script = new Script(90_000);
  script
    .invocation("calc-1")
    .say("user", [text("Plot how 1,000 € grow at 3 % over 10 years.")])
    .say("analyst", [
      {
        executableCode: {
          language: "PYTHON",
          code: "import math\n\nvalues = [1000 * 1.03 ** year for year in range(11)]\nprint(f'{values[-1]:.2f}')",
        },
      },
    ])
    .say("analyst", [{ codeExecutionResult: { outcome: "OUTCOME_OK", output: "1343.92\n" } }])
    .say(
      "analyst",
      [
        text("After ten years it is **1,343.92 €**."),
        { inlineData: { mimeType: "image/png", data: chart, displayName: "growth.png" } },
      ],
      { usage: 733 },
    )
    .invocation("calc-2")
    .say("user", [], {
      extra: JSON.stringify({ inputTranscription: { text: "and at five percent", finished: true } }),
    })
    .say("analyst", [text("At five percent it would be")], { interrupted: true })
    .say("analyst", [text("1,628.89 € at five percent.")], {
      extra: JSON.stringify({
        outputTranscription: {
          text: "One thousand six hundred twenty-eight euros and eighty-nine cents.",
          finished: true,
        },
      }),
    });
  return {
    session: {
      key: { appName: app, userId: "grace", sessionId: "savings" },
      displayName: "Savings",
      labels: { channel: "voice" },
    },
    events: script.events,
  };
}

/** Parallel agents on branches, and a compaction of the beginning. */
function parallel(): DemoConversation {
  const script = new Script(200_000);
  script.invocation("research-1").say("user", [text("Compare three cities for our offsite.")]);
  const start = script.time;
  for (const [index, city] of ["Porto", "Lyon", "Graz"].entries()) {
    script.say(`scout_${city.toLowerCase()}`, [call(`scout-${index}`, "city_facts", { city })], {
      branch: `panel.scout_${city.toLowerCase()}`,
    });
  }
  for (const [index, city] of ["Porto", "Lyon", "Graz"].entries()) {
    script.say(
      `scout_${city.toLowerCase()}`,
      [answer(`scout-${index}`, "city_facts", { city, score: 7 + index })],
      {
        branch: `panel.scout_${city.toLowerCase()}`,
        stateDelta: { [`score_${city.toLowerCase()}`]: String(7 + index) },
      },
    );
  }
  const end = script.time;
  script
    .say("panel", [text("Graz leads, by a little.")], { usage: 1_840 })
    .say("panel", [], {
      actions: actions({
        compaction: {
          startTimestamp: start,
          endTimestamp: end,
          compactedContent: {
            role: "model",
            parts: [{ text: "Three cities were compared: Porto 7, Lyon 8, Graz 9." }],
          },
        },
      }),
    })
    .invocation("research-2")
    .say("user", [text("Then Graz. What does it cost?")])
    .say("panel", [call("cost-1", "estimate", { city: "Graz", people: 24 })], {
      longRunningToolIds: { ids: ["cost-1"] },
    });
  return {
    session: {
      key: { appName: app, userId: "ada", sessionId: "offsite" },
      displayName: "Offsite",
      ownerId: "team-south",
    },
    events: script.events,
  };
}

/** What must show as text and do nothing. */
function hostile(): DemoConversation {
  const script = new Script(300_000);
  script
    .invocation("test-1")
    .say("user", [
      text(
        "<script>alert(1)</script><img src=x onerror=alert(2)> [a link](javascript:alert(3)) ![pixel](https://example.invalid/p.png)",
      ),
    ])
    .say("agent", [
      { someFuturePart: { nested: [1, 2.0, "\u0000"] } },
      text("A part from tomorrow is shown as JSON."),
    ])
    .say("agent", [], { customMetadata: '{"note":"only metadata"}' });
  return {
    session: {
      key: { appName: app, userId: "mallory", sessionId: "../../etc/passwd?x=<b>" },
      displayName: "<b>Not bold</b>",
    },
    events: script.events,
  };
}

/** Enough to scroll. */
function long(): DemoConversation {
  const script = new Script(40_000);
  for (let turn = 1; turn <= 120; turn++) {
    script
      .invocation(`turn-${turn}`)
      .say("user", [text(`Question ${turn}: what is ${turn} squared?`)])
      .say("calculator", [call(`square-${turn}`, "square", { value: turn })])
      .say("calculator", [answer(`square-${turn}`, "square", { result: turn * turn })])
      .say("calculator", [text(`It is ${turn * turn}.`)], {
        usage: 60 + turn,
        stateDelta: { last: String(turn * turn), turns: String(turn) },
      });
  }
  return {
    session: { key: { appName: app, userId: "grace", sessionId: "squares" }, displayName: "480 events" },
    events: script.events,
  };
}

/** A small picture: two colours, 2 by 2 pixels. */
const chart =
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGNQSHZj+P//PwMDA8P///8BLFoGzRRbX0oAAAAASUVORK5CYII=";
