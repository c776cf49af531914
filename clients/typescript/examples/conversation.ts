/**
 * Leads a conversation that sessiond keeps, and reads it back as another process would.
 *
 * Start the server with `npm start`, then: node conversation.ts [host:port]
 * Run it twice: the second run goes on with the first one's state.
 */
import { isFinalResponse, Runner } from "@google/adk";
import { SessiondSessionService } from "sessiond-client/adk";
import { weatherAgent } from "./weather-agent.ts";

const appName = "weather";
const userId = "ann";
const target = process.argv[2] ?? "localhost:50051";

const sessionService = new SessiondSessionService(target);
const runner = new Runner({ appName, agent: weatherAgent(), sessionService });
const session = await sessionService.createSession({ appName, userId, state: { questions: 0 } });
console.log(`session ${session.id}; the last city was ${session.state["user:last_city"] ?? "none"}`);
for (const question of ["How is the weather in Paris?", "And in Tokyo?"]) {
  const newMessage = { role: "user", parts: [{ text: question }] };
  for await (const event of runner.runAsync({ userId, sessionId: session.id, newMessage })) {
    if (isFinalResponse(event)) console.log(`${question} ${event.content?.parts?.[0]?.text}`);
  }
}
await sessionService.close();

// A service of its own: nothing of what follows comes out of this process's memory.
const another = new SessiondSessionService(target);
const stored = await another.getSession({ appName, userId, sessionId: session.id });
console.log(`${stored?.events.length} events are stored; the state is ${JSON.stringify(stored?.state)}`);
await another.close();
