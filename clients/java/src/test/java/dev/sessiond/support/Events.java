package dev.sessiond.support;

import com.google.adk.events.Event;
import com.google.adk.events.EventActions;
import com.google.adk.events.EventCompaction;
import com.google.adk.events.ToolConfirmation;
import com.google.genai.types.Blob;
import com.google.genai.types.CodeExecutionResult;
import com.google.genai.types.Content;
import com.google.genai.types.CustomMetadata;
import com.google.genai.types.ExecutableCode;
import com.google.genai.types.FileData;
import com.google.genai.types.FinishReason;
import com.google.genai.types.FunctionCall;
import com.google.genai.types.FunctionResponse;
import com.google.genai.types.GenerateContentResponseUsageMetadata;
import com.google.genai.types.GroundingMetadata;
import com.google.genai.types.Language;
import com.google.genai.types.Outcome;
import com.google.genai.types.Part;
import com.google.genai.types.SearchEntryPoint;
import com.google.genai.types.StringList;
import com.google.genai.types.VideoMetadata;
import java.math.BigInteger;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An event with something in most of its places. */
public final class Events {
  private static final byte[] BYTES = {(byte) 0xfb, (byte) 0xff, (byte) 0xfe};

  private Events() {}

  /** The event. */
  public static Event full() {
    return Event.builder()
        .id("event-1")
        .invocationId("e-1")
        .author("agent")
        .branch("root.child")
        .timestamp(1_742_000_000_123L)
        .turnComplete(false)
        .interrupted(true)
        .errorCode(new FinishReason(FinishReason.Known.SAFETY))
        .errorMessage("")
        .longRunningToolIds(Set.of("b", "a"))
        .content(Content.builder().role("model").parts(parts()).build())
        .customMetadata(customMetadata())
        .usageMetadata(GenerateContentResponseUsageMetadata.builder().promptTokenCount(1).build())
        .finishReason(new FinishReason("SOMETHING_NEW"))
        .avgLogprobs(-0.25)
        .modelVersion("m-1")
        .groundingMetadata(
            GroundingMetadata.builder()
                .webSearchQueries("q")
                .searchEntryPoint(
                    SearchEntryPoint.builder().renderedContent("<p>").sdkBlob(BYTES).build())
                .build())
        .actions(actions())
        .build();
  }

  private static List<Part> parts() {
    Map<String, Object> arguments = new LinkedHashMap<>();
    arguments.put("z", null);
    arguments.put("a", Arrays.asList(1, 1.0, null, Map.of(), BigInteger.TWO.pow(70), 1L << 53));
    return List.of(
        Part.builder()
            .text("hello ü \0 \ud83d\ude00")
            .thought(true)
            .thoughtSignature(BYTES)
            .build(),
        Part.builder()
            .functionCall(FunctionCall.builder().id("a").name("f").args(arguments).build())
            .build(),
        Part.builder()
            .functionResponse(
                FunctionResponse.builder()
                    .id("b")
                    .name("f")
                    .response(Map.of("deep", List.of(Map.of("x", -0.0))))
                    .build())
            .build(),
        Part.builder().inlineData(Blob.builder().data(BYTES).mimeType("image/png").build()).build(),
        Part.builder()
            .fileData(FileData.builder().fileUri("gs://f").mimeType("video/mp4").build())
            .videoMetadata(VideoMetadata.builder().startOffset(Duration.ofMillis(1_500)).build())
            .build(),
        Part.builder()
            .executableCode(
                ExecutableCode.builder().code("1").language(new Language("PYTHON")).build())
            .build(),
        Part.builder()
            .codeExecutionResult(
                CodeExecutionResult.builder()
                    .outcome(new Outcome("OUTCOME_OK"))
                    .output("1")
                    .build())
            .build());
  }

  private static List<CustomMetadata> customMetadata() {
    return List.of(
        CustomMetadata.builder().key("text").stringValue("x").build(),
        CustomMetadata.builder().key("text").numericValue(0.1f).build(),
        CustomMetadata.builder()
            .stringListValue(StringList.builder().values("a", "b").build())
            .build());
  }

  private static EventActions actions() {
    EventActions actions =
        EventActions.builder()
            .skipSummarization(true)
            .stateDelta(Map.of("k", 1.0, "user:u", List.of(1), "app:a", "x"))
            .artifactDelta(Map.of("file.txt", 3))
            .deletedArtifactIds(Set.of("old.txt", "older.txt"))
            .transferToAgent("other")
            .escalate(false)
            .endOfAgent(true)
            .requestedAuthConfigs(Map.of("a", Map.of("authScheme", "x")))
            .requestedToolConfirmations(
                Map.of(
                    "a", ToolConfirmation.builder().hint("sure?").payload(Map.of("p", 1)).build()))
            .compaction(
                EventCompaction.builder()
                    .startTimestamp(1_500L)
                    .endTimestamp(1_742_000_000_123L)
                    .compactedContent(Content.fromParts(Part.fromText("short")))
                    .build())
            .build();
    actions.removeStateByKey("gone");
    actions.removeStateByKey("app:gone");
    return actions;
  }
}
