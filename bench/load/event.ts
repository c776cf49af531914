/** The event that the load generators append. */
import { randomUUID } from "node:crypto";

/** An event of about 1 KiB; its timestamp in seconds is now unless given. */
export function event(timestamp = Date.now() / 1_000) {
  return {
    id: randomUUID(),
    author: "agent",
    invocationId: "e-7f1f2f0e-2a57-4a8e-8f8c-8a6b4a9d9f10",
    timestamp,
    turnComplete: true,
    actions: Buffer.from("{}"),
    content: JSON.stringify({
      role: "model",
      parts: [{ text: "The forecast: mild, with rain. ".repeat(30) }],
    }),
    writer: { language: "bench", adkVersion: "0" },
  };
}
