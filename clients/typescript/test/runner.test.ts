/** Conversations that ADK's runner leads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  BaseAgent,
  createEvent,
  createEventActions,
  type Event,
  InMemorySessionService,
  type InvocationContext,
  ParallelAgent,
  Runner,
  type Session,
} from "@google/adk";
import { SessiondSessionService } from "sessiond-client/adk";
import { weatherAgent } from "../examples/weather-agent.ts";
import { Server } from "./support/server.ts";
import { collect, newApp, newService, plain, read } from "./support/service.ts";

const service = newService();

async function converse(runner: Runner, { userId, id: sessionId }: Session, text: string): Promise<Event[]> {
  const newMessage = { role: "user", parts: [{ text }] };
  return collect(runner.runAsync({ userId, sessionId, newMessage }));
}

function kindsOf(events: readonly Event[]) {
  return events.map(({ content }) => Object.keys(content?.parts?.[0] ?? {})[0]);
}

describe("a runner", () => {
  it("leads a conversation with a tool and state in all scopes", async () => {
    const appName = newApp();
    const runner = new Runner({ appName, agent: weatherAgent(), sessionService: service });
    const session = await service.createSession({ appName, userId: "ann", state: { kept: { a: [1] } } });
    const yielded = [
      ...(await converse(runner, session, "How is the weather in Paris?")),
      ...(await converse(runner, session, "And in Tokyo?")),
    ];
    const found = await read(newService(), session);
    assert.deepEqual(found.state, {
      kept: { a: [1] },
      questions: 2,
      "user:last_city": "Tokyo",
      "app:last_city": "Tokyo",
    });
    const turn = ["text", "functionCall", "functionResponse", "text"];
    assert.deepEqual(kindsOf(found.events), [...turn, ...turn]);
    assert.deepEqual(
      found.events.map(({ author }) => author),
      ["user", "weather", "weather", "weather", "user", "weather", "weather", "weather"],
    );
    const parts = found.events.map(({ content }) => content?.parts?.[0]);
    assert.deepEqual(parts[1]?.functionCall?.args, { city: "Paris" });
    assert.equal(parts[1]?.functionCall?.id, parts[2]?.functionResponse?.id);
    assert.equal(parts[3]?.text, "It is sunny in Paris.");
    const deltas = found.events
      .map(({ actions }) => actions.stateDelta)
      .filter((delta) => Object.keys(delta).length > 0);
    assert.deepEqual(
      deltas.map((delta) => delta["questions"]),
      [1, 2],
    );
    assert.ok(!JSON.stringify(found).includes("temp:"));
    // What the runner gave its caller is what is stored.
    const answers = found.events.filter(({ author }) => author !== "user");
    assert.deepEqual(plain(yielded), plain(answers));
  });

  it("goes on after the server was killed and started again in the middle", async () => {
    const own = await Server.start();
    const patient = new SessiondSessionService(own.target, { deadlineMs: 60_000 });
    try {
      const appName = newApp();
      const session = await patient.createSession({ appName, userId: "ann" });
      const runner = new Runner({ appName, agent: weatherAgent(), sessionService: patient });
      const newMessage = { role: "user", parts: [{ text: "The weather in Paris?" }] };
      const kinds: (string | undefined)[] = [];
      for await (const event of runner.runAsync({ userId: "ann", sessionId: session.id, newMessage })) {
        kinds.push(...kindsOf([event]));
        if (kinds.length !== 1) continue;
        // The call is stored, the tool has not run yet.
        await own.kill();
        void own.start();
      }
      assert.deepEqual(kinds, ["functionCall", "functionResponse", "text"]);
      await converse(runner, session, "And in Rome?");
      const found = await read(patient, session);
      const turn = ["text", "functionCall", "functionResponse", "text"];
      assert.deepEqual(kindsOf(found.events), [...turn, ...turn]);
      assert.equal(found.state["questions"], 2);
    } finally {
      await patient.close();
      await own.stop();
    }
  });

  it("stores what ADK's own service stores, also a message with a state delta", async () => {
    const states = [];
    for (const sessionService of [new InMemorySessionService(), service]) {
      const appName = newApp();
      const runner = new Runner({ appName, agent: weatherAgent(), sessionService });
      const session = await sessionService.createSession({ appName, userId: "ann" });
      const newMessage = { role: "user", parts: [{ text: "The weather in Rome?" }] };
      const stateDelta = { mood: "good", "temp:once": 1 };
      const run = { userId: "ann", sessionId: session.id, newMessage, stateDelta };
      const events = await collect(runner.runAsync(run));
      const found = await sessionService.getSession({ appName, userId: "ann", sessionId: session.id });
      states.push([plain(found?.state), kindsOf(found?.events ?? []), kindsOf(events)]);
    }
    assert.deepEqual(states[1], states[0]);
    assert.deepEqual(states[0]?.[0], {
      mood: "good",
      questions: 1,
      "user:last_city": "Rome",
      "app:last_city": "Rome",
    });
  });

  it("may have agents that report side by side", async () => {
    class Steps extends BaseAgent {
      override async *runAsyncImpl({ invocationId, branch }: InvocationContext): AsyncGenerator<Event, void> {
        for (let step = 0; step < 5; step++) {
          await new Promise(setImmediate);
          yield createEvent({
            invocationId,
            author: this.name,
            ...(branch === undefined ? {} : { branch }),
            content: { role: "model", parts: [{ text: `${step}` }] },
            actions: createEventActions({ stateDelta: { [`${this.name}-${step}`]: step } }),
          });
        }
      }
      override async *runLiveImpl(): AsyncGenerator<Event, void> {}
    }
    const appName = newApp();
    const names = ["one", "two", "three"];
    const agent = new ParallelAgent({ name: "all", subAgents: names.map((name) => new Steps({ name })) });
    const session = await service.createSession({ appName, userId: "u" });
    await converse(new Runner({ appName, agent, sessionService: service }), session, "Go");
    const found = await read(service, session);
    assert.equal(Object.keys(found.state).length, 15);
    for (const name of names) {
      const own = found.events.filter(({ author }) => author === name);
      assert.deepEqual(
        own.map(({ content }) => content?.parts?.[0]?.text),
        ["0", "1", "2", "3", "4"],
      );
    }
  });
});
