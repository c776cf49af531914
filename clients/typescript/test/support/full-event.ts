/** An event with every field that this ADK declares, and one that it does not. */
import { createEvent, createEventActions, type Event } from "@google/adk";

/** Every field of an event; its `temp:` state is gone after an append. */
export function fullEvent(): Event {
  const event = createEvent({
    id: "full",
    invocationId: "e-1",
    author: "agent",
    branch: "root.child",
    timestamp: 1_742_000_000_123,
    partial: false,
    turnComplete: true,
    interrupted: false,
    errorCode: "SAFETY",
    errorMessage: "no \u0000 \u{1f600}",
    longRunningToolIds: ["call-1", "call-2"],
    content: {
      role: "model",
      parts: [
        { text: "héllo \u0000 \u{1f600}" },
        { text: "hm", thought: true, thoughtSignature: "+/+/" },
        {
          functionCall: {
            id: "call-1",
            name: "f",
            args: { a: 1.5, b: [null, true], ключ: { snake_key: -0.1 } },
          },
        },
        { functionResponse: { id: "call-1", name: "f", response: { output: { deep: [1, [2, [3]]] } } } },
        { inlineData: { mimeType: "image/png", data: "AP/+/w==", displayName: "p" } },
        { fileData: { fileUri: "gs://b/o", mimeType: "text/plain" } },
        { executableCode: { code: "print(1)", language: "PYTHON" } },
        { codeExecutionResult: { outcome: "OUTCOME_OK", output: "1" } },
        { text: "clip", videoMetadata: { startOffset: "1s", endOffset: "2s", fps: 0.5 } },
      ],
    } as NonNullable<Event["content"]>,
    groundingMetadata: { webSearchQueries: ["q"], groundingChunks: [{ web: { uri: "u", title: "t" } }] },
    citationMetadata: { citations: [{ startIndex: 1, endIndex: 2, uri: "u" }] },
    customMetadata: { snake_key: 1, camelKey: [1, { x: null }], "": "empty" },
    usageMetadata: { promptTokenCount: 3, totalTokenCount: 5 },
    finishReason: "STOP" as NonNullable<Event["finishReason"]>,
    inputTranscription: { text: "in", finished: true },
    outputTranscription: { text: "out", finished: false },
    liveSessionResumptionUpdate: { newHandle: "h", resumable: true },
    actions: createEventActions({
      skipSummarization: true,
      transferToAgent: "other",
      escalate: false,
      artifactDelta: { "file.txt": 3 },
      stateDelta: { a: 1, "user:b": { c: [1.25, null] }, "app:d": "x", "temp:e": "gone" },
    }),
  });
  // What newer versions declare, and what none does yet.
  return Object.assign(event, {
    modelVersion: "gemini",
    interactionId: "i",
    output: { result: [1, "2"] },
    route: ["left", 2, true],
    nodeInfo: { path: "wf.child.0", outputFor: ["wf"], messageAsOutput: true },
    isolationScope: "scope",
    isCompacted: true,
    startTime: 1_742_000_000_001,
    nextMonthsField: { camelKey: 1, snake_key: [2] },
    actions: Object.assign(event.actions, {
      requestedAuthConfigs: { "call-1": { authScheme: { type: "oauth2" }, credentialKey: "k" } },
      requestedToolConfirmations: { "call-1": { hint: "sure?", confirmed: false, payload: { n: 1 } } },
      agentState: { step: 2 },
      endOfAgent: true,
      compaction: {
        startTimestamp: 1.5,
        endTimestamp: 2.5,
        compactedContent: { parts: [{ text: "short" }] },
      },
      nextMonthsAction: [{ a: 1 }],
    }),
  });
}
