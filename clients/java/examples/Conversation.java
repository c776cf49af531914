import com.google.adk.agents.LlmAgent;
import com.google.adk.models.BaseLlm;
import com.google.adk.models.BaseLlmConnection;
import com.google.adk.models.LlmRequest;
import com.google.adk.models.LlmResponse;
import com.google.adk.runner.Runner;
import com.google.adk.sessions.Session;
import com.google.adk.tools.Annotations.Schema;
import com.google.adk.tools.FunctionTool;
import com.google.adk.tools.ToolContext;
import com.google.genai.types.Content;
import com.google.genai.types.FunctionResponse;
import com.google.genai.types.Part;
import dev.sessiond.adk.SessiondSessionService;
import io.reactivex.rxjava3.core.Flowable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Leads a conversation that sessiond keeps, and reads it back as another process would.
 *
 * <p>Start the server with {@code npm start}, then: java -cp CLASSPATH Conversation.java
 * [host:port]. Run it twice: the second run goes on with the first one's state.
 */
public class Conversation {
  private static final String APP = "weather";
  private static final String USER = "ann";

  /** Asks for the weather of the city that the user's last word names, then tells it. */
  static class ScriptedModel extends BaseLlm {
    ScriptedModel() {
      super("scripted");
    }

    @Override
    public Flowable<LlmResponse> generateContent(LlmRequest request, boolean stream) {
      List<Content> contents = request.contents();
      List<Part> parts = contents.get(contents.size() - 1).parts().orElse(List.of());
      Part reply =
          parts.stream()
              .flatMap(part -> part.functionResponse().stream())
              .findFirst()
              .flatMap(FunctionResponse::response)
              .map(answer -> "It is %s in %s.".formatted(answer.get("weather"), answer.get("city")))
              .map(Part::fromText)
              .orElseGet(() -> Part.fromFunctionCall("getWeather", Map.of("city", city(parts))));
      Content content = Content.builder().role("model").parts(reply).build();
      return Flowable.just(LlmResponse.builder().content(content).build());
    }

    @Override
    public BaseLlmConnection connect(LlmRequest request) {
      throw new UnsupportedOperationException("the script has no live mode");
    }

    private static String city(List<Part> parts) {
      String text = parts.get(0).text().orElse("nowhere").replaceAll("[?!.]", "");
      return text.substring(text.lastIndexOf(' ') + 1);
    }
  }

  /** The agent's tool: it writes state in every scope. */
  public static Map<String, Object> getWeather(
      @Schema(name = "city") String city, @Schema(name = "toolContext") ToolContext toolContext) {
    Map<String, Object> state = toolContext.state();
    state.put("questions", (Integer) state.getOrDefault("questions", 0) + 1);
    state.put("user:last_city", city);
    state.put("app:last_city", city);
    state.put("temp:source", "the window");
    return Map.of("city", city, "weather", "sunny");
  }

  public static void main(String[] arguments) {
    String target = arguments.length > 0 ? arguments[0] : "localhost:50051";
    LlmAgent agent =
        LlmAgent.builder()
            .name("weather")
            .model(new ScriptedModel())
            .instruction("Tell the weather.")
            .tools(FunctionTool.create(Conversation.class, "getWeather"))
            .build();
    String id;
    try (SessiondSessionService sessions = new SessiondSessionService(target)) {
      Runner runner =
          Runner.builder().appName(APP).agent(agent).sessionService(sessions).build();
      Session session =
          sessions.createSession(APP, USER, Map.of("questions", 0), null).blockingGet();
      id = session.id();
      System.out.printf(
          "session %s; the last city was %s%n",
          id, session.state().getOrDefault("user:last_city", "none"));
      for (String question : List.of("How is the weather in Paris?", "And in Tokyo?")) {
        runner
            .runAsync(USER, id, Content.fromParts(Part.fromText(question)))
            .filter(event -> event.finalResponse())
            .blockingForEach(
                event -> System.out.printf("%s %s%n", question, event.content().get().text()));
      }
    }
    // A service of its own: nothing of what follows comes out of this process's memory.
    try (SessiondSessionService sessions = new SessiondSessionService(target)) {
      Session stored = sessions.getSession(APP, USER, id, Optional.empty()).blockingGet();
      System.out.printf(
          "%d events are stored; the state is %s%n", stored.events().size(), new TreeMap<>(stored.state()));
    }
  }
}
