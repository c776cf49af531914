/**
 * An agent that answers without a network: its model follows a script. The conversation that it leads is real: a tool
 * call, its result, an answer, and state in every scope.
 */
import { BaseLlm, FunctionTool, LlmAgent, type LlmRequest, type LlmResponse } from "@google/adk";
import type { Part } from "@google/genai";
import { z } from "zod";

/** Asks for the weather of the city that the user's last word names, then tells it. */
export class ScriptedModel extends BaseLlm {
  constructor() {
    super({ model: "scripted" });
  }

  override async *generateContentAsync({ contents }: LlmRequest): AsyncGenerator<LlmResponse, void> {
    const parts = contents.at(-1)?.parts ?? [];
    yield { content: { role: "model", parts: [reply(parts)] } };
  }

  override connect(): Promise<never> {
    return Promise.reject(new Error("the script has no live conversation"));
  }
}

function reply(parts: readonly Part[]): Part {
  const answer = parts.find((part) => part.functionResponse !== undefined)?.functionResponse?.response;
  if (answer !== undefined) return { text: `It is ${answer["weather"]} in ${answer["city"]}.` };
  const words = parts
    .map((part) => part.text ?? "")
    .join("")
    .split(/\s+/);
  const city = words.at(-1)?.replaceAll(/[?!.]/g, "") || "nowhere";
  return { functionCall: { name: "get_weather", args: { city } } };
}

const getWeather = new FunctionTool({
  name: "get_weather",
  description: "Tells the weather in a city.",
  parameters: z.object({ city: z.string() }),
  execute: ({ city }, context) => {
    const state = context?.state;
    state?.set("questions", (state.get<number>("questions") ?? 0) + 1);
    state?.set("user:last_city", city);
    state?.set("app:last_city", city);
    state?.set("temp:source", "the window");
    return { city, weather: "sunny" };
  },
});

/** Makes the agent. */
export function weatherAgent(): LlmAgent {
  return new LlmAgent({
    name: "weather",
    model: new ScriptedModel(),
    instruction: "Tell the weather.",
    tools: [getWeather],
  });
}
