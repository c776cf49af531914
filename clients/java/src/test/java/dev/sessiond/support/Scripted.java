package dev.sessiond.support;

import com.google.adk.agents.LlmAgent;
import com.google.adk.models.BaseLlm;
import com.google.adk.models.BaseLlmConnection;
import com.google.adk.models.LlmRequest;
import com.google.adk.models.LlmResponse;
import com.google.adk.sessions.State;
import com.google.adk.tools.Annotations.Schema;
import com.google.adk.tools.FunctionTool;
import com.google.adk.tools.LongRunningFunctionTool;
import com.google.adk.tools.ToolContext;
import com.google.genai.types.Content;
import com.google.genai.types.FunctionResponse;
import com.google.genai.types.Part;
import io.reactivex.rxjava3.core.Flowable;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An agent whose model follows a script: what it is asked for decides which tool it calls. */
public final class Scripted {
  private Scripted() {}

  /** The agent. */
  public static LlmAgent agent() {
    return LlmAgent.builder()
        .name("helper")
        .model(new Model())
        .instruction("Help.")
        .tools(
            FunctionTool.create(Scripted.class, "getWeather"),
            FunctionTool.create(Scripted.class, "forget"),
            LongRunningFunctionTool.create(Scripted.class, "askBoss"))
        .build();
  }

  /** Tells the weather; writes state in every scope. */
  public static Map<String, Object> getWeather(
      @Schema(name = "city") String city, @Schema(name = "toolContext") ToolContext context) {
    Map<String, Object> state = context.state();
    state.put("questions", (Integer) state.getOrDefault("questions", 0) + 1);
    state.put("user:last_city", city);
    state.put("app:last_city", city);
    state.put("temp:source", new Object());
    return Map.of("city", city, "weather", "sunny");
  }

  /** Removes what it knows of the user. */
  public static Map<String, Object> forget(@Schema(name = "toolContext") ToolContext context) {
    context.state().put("user:last_city", State.REMOVED);
    return Map.of("forgotten", true);
  }

  /** Answers later. */
  public static Map<String, Object> askBoss(@Schema(name = "question") String question) {
    return Map.of("status", "pending", "question", question);
  }

  private static final class Model extends BaseLlm {
    Model() {
      super("scripted");
    }

    @Override
    public Flowable<LlmResponse> generateContent(LlmRequest request, boolean stream) {
      List<Content> contents = request.contents();
      List<Part> parts = contents.get(contents.size() - 1).parts().orElse(List.of());
      Optional<Part> answer =
          parts.stream()
              .flatMap(part -> part.functionResponse().stream())
              .findFirst()
              .flatMap(FunctionResponse::response)
              .map(
                  response ->
                      Part.fromText("It says " + response.getOrDefault("weather", response)));
      Part reply = answer.orElseGet(() -> call(parts.get(0).text().orElse("")));
      return Flowable.just(
          LlmResponse.builder()
              .content(Content.builder().role("model").parts(reply).build())
              .build());
    }

    private static Part call(String text) {
      String last = text.substring(text.lastIndexOf(' ') + 1);
      if (text.startsWith("Forget")) {
        return Part.fromFunctionCall("forget", Map.of());
      }
      if (text.startsWith("Ask")) {
        return Part.fromFunctionCall("askBoss", Map.of("question", last));
      }
      return Part.fromFunctionCall("getWeather", Map.of("city", last));
    }

    @Override
    public BaseLlmConnection connect(LlmRequest request) {
      throw new UnsupportedOperationException("the script has no live mode");
    }
  }
}
