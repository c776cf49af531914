import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.adk.JsonBaseModel;
import com.google.adk.agents.LlmAgent;
import com.google.adk.events.Event;
import com.google.adk.events.EventActions;
import com.google.adk.models.BaseLlm;
import com.google.adk.models.BaseLlmConnection;
import com.google.adk.models.LlmRequest;
import com.google.adk.models.LlmResponse;
import com.google.adk.runner.Runner;
import com.google.adk.sessions.Session;
import com.google.adk.sessions.State;
import com.google.adk.tools.Annotations.Schema;
import com.google.adk.tools.FunctionTool;
import com.google.adk.tools.ToolContext;
import com.google.genai.types.Content;
import com.google.genai.types.FunctionResponse;
import com.google.genai.types.Part;
import dev.sessiond.adk.SessiondSessionService;
import dev.sessiond.tail.Update;
import io.reactivex.rxjava3.core.Flowable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Java's side of the clients' common tests: does what the lines of its standard input say (see
 * ../peer.ts).
 */
public final class Peer {
  private static final String LANGUAGE = "java";

  /** ADK's own, which writes absent and null as ADK does. */
  private static final ObjectMapper ADK = JsonBaseModel.getMapper();

  private static final ObjectMapper PLAIN = new ObjectMapper();

  /** Carries lone surrogates, too. */
  private static final ObjectMapper ASCII =
      new ObjectMapper().configure(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature(), true);

  private final SessiondSessionService sessions;
  private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  private final List<Map<String, Object>> followed = new ArrayList<>();

  private Peer(String target) {
    sessions = new SessiondSessionService(target);
  }

  public static void main(String[] arguments) throws IOException {
    Peer peer = new Peer(arguments[0]);
    // Daemons, so that a tail that nobody ends does not keep the process.
    ExecutorService workers =
        Executors.newCachedThreadPool(
            work -> {
              Thread thread = new Thread(work);
              thread.setDaemon(true);
              return thread;
            });
    peer.say(PLAIN.createObjectNode().put("id", 0));
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode request = PLAIN.readTree(line);
      workers.submit(
          () -> {
            peer.answer(request);
            return null;
          });
    }
    System.exit(0);
  }

  private void answer(JsonNode request) throws IOException {
    ObjectNode reply = PLAIN.createObjectNode().put("id", request.get("id").asInt());
    try {
      reply.set("result", PLAIN.valueToTree(result(request)));
    } catch (Exception | LinkageError error) {
      reply.put("error", error.toString());
    }
    say(reply);
  }

  private synchronized void say(ObjectNode reply) throws IOException {
    out.println(ASCII.writeValueAsString(reply));
    out.flush();
  }

  private Object result(JsonNode request) throws Exception {
    switch (request.get("do").asText()) {
      case "write":
        return write(request);
      case "read":
        return read(request);
      case "unequal":
        return unequal(request);
      case "declared":
        return Map.of(
            "event", fieldsOf(Event.class),
            "actions", fieldsOf(EventActions.class),
            "part", fieldsOf(Part.class));
      case "turn":
        return turn(request);
      case "follow":
        return follow(request);
      case "seen":
        return seen(request.get("count").asInt());
      default:
        throw new IllegalArgumentException("nobody knows " + request);
    }
  }

  private static String part(JsonNode request, String name) {
    return request.get("key").get(name).asText();
  }

  private Session session(JsonNode request) {
    return sessions
        .getSession(
            part(request, "app"), part(request, "user"), part(request, "session"), Optional.empty())
        .blockingGet();
  }

  private Object write(JsonNode request) throws Exception {
    Session session =
        sessions
            .createSession(
                part(request, "app"), part(request, "user"), Map.of(), part(request, "session"))
            .blockingGet();
    for (JsonNode text : request.get("events")) {
      sessions.appendEvent(session, built(text.asText())).blockingGet();
    }
    return null;
  }

  private Object read(JsonNode request) throws Exception {
    Session session = session(request);
    List<String> events = new ArrayList<>();
    for (Event event : session.events()) {
      events.add(event.toJson());
    }
    return Map.of(
        "state", ADK.writeValueAsString(session.state()),
        "events", events,
        "time", session.lastUpdateTime().toString());
  }

  private Object unequal(JsonNode request) throws Exception {
    List<Event> events = session(request).events();
    List<String> ids = new ArrayList<>();
    for (int index = 0; index < events.size(); index++) {
      Event read = events.get(index);
      if (!equal(read, built(request.get("events").get(index).asText()))) {
        ids.add(read.id());
      }
    }
    return ids;
  }

  /** Event's own equals takes two arrays of the same bytes for two things; its JSON, a set for a list. */
  private static boolean equal(Event read, Event written) {
    return read.toJson().equals(written.toJson())
        && read.actions().stateDelta().equals(written.actions().stateDelta());
  }

  /** The JSON names of a model's properties. */
  private static List<String> fieldsOf(Class<?> model) {
    return ADK
        .getSerializationConfig()
        .introspect(ADK.constructType(model))
        .findProperties()
        .stream()
        .filter(property -> property.couldSerialize())
        .map(property -> property.getName())
        .toList();
  }

  private Object turn(JsonNode request) {
    LlmAgent agent =
        LlmAgent.builder()
            .name(LANGUAGE + "_agent")
            .model(new ScriptedModel())
            .tools(FunctionTool.create(Peer.class, "carry"))
            .build();
    Runner runner =
        Runner.builder()
            .appName(part(request, "app"))
            .agent(agent)
            .sessionService(sessions)
            .build();
    Content message = Content.fromParts(Part.fromText(request.get("text").asText()));
    return runner
        .runAsync(part(request, "user"), part(request, "session"), message)
        .filter(Event::finalResponse)
        .map(event -> event.content().map(Content::text).orElse(""))
        .blockingLast();
  }

  private Object follow(JsonNode request) throws Exception {
    CompletableFuture<Void> live = new CompletableFuture<>();
    sessions
        .tail(part(request, "app"), part(request, "user"), part(request, "session"))
        .subscribe(
            update -> {
              if (update instanceof Update.CaughtUp) {
                live.complete(null);
              } else if (update instanceof Update.Events some) {
                synchronized (followed) {
                  some.events()
                      .forEach(
                          event ->
                              followed.add(
                                  Map.of(
                                      "seq", event.getSeq(),
                                      "id", event.getId(),
                                      "author", event.getAuthor())));
                  followed.notifyAll();
                }
              }
            },
            live::completeExceptionally);
    return live.get();
  }

  private Object seen(int count) throws InterruptedException {
    synchronized (followed) {
      while (followed.size() < count) {
        followed.wait();
      }
      return List.copyOf(followed);
    }
  }

  /** The event of a text, which is ADK's own JSON. */
  private static Event built(String text) throws IOException {
    ObjectNode data = (ObjectNode) ADK.readTree(text);
    JsonNode delta = ((ObjectNode) data.get("actions")).remove("stateDelta");
    Event event = Event.fromJson(data.toString());
    if (delta != null) {
      for (Map.Entry<String, JsonNode> field : delta.properties()) {
        event.actions().stateDelta().put(field.getKey(), value(field.getValue()));
      }
    }
    return event;
  }

  /** The value, or what JSON has not in the place of its name. */
  private static Object value(JsonNode node) throws IOException {
    switch (node.path("$").asText()) {
      case "nan":
        return Double.NaN;
      case "removed":
        return State.REMOVED;
      case "bytes":
        return Base64.getDecoder().decode(node.get("base64").asText());
      case "time":
        return Instant.parse(node.get("is").asText());
      case "set":
        Set<String> set = new HashSet<>();
        node.get("of").forEach(each -> set.add(each.asText()));
        return set;
      default:
        return PLAIN.treeToValue(node, Object.class);
    }
  }

  /** Calls the tool, then tells what it said. */
  private static final class ScriptedModel extends BaseLlm {
    ScriptedModel() {
      super("scripted");
    }

    @Override
    public Flowable<LlmResponse> generateContent(LlmRequest request, boolean stream) {
      List<Content> contents = request.contents();
      Part part =
          contents.get(contents.size() - 1).parts().orElse(List.of()).stream()
              .flatMap(last -> last.functionResponse().stream())
              .findFirst()
              .flatMap(FunctionResponse::response)
              .map(said -> "%s: leg %s after %s".formatted(LANGUAGE, said.get("leg"), said.get("before")))
              .map(Part::fromText)
              .orElseGet(() -> Part.fromFunctionCall("carry", Map.of()));
      Content content = Content.builder().role("model").parts(part).build();
      return Flowable.just(LlmResponse.builder().content(content).build());
    }

    @Override
    public BaseLlmConnection connect(LlmRequest request) {
      throw new UnsupportedOperationException("the script has no live mode");
    }
  }

  /** Takes the baton over: state in every scope. */
  public static Map<String, Object> carry(@Schema(name = "toolContext") ToolContext toolContext) {
    Map<String, Object> state = toolContext.state();
    int leg = ((Number) state.getOrDefault("leg", 0)).intValue() + 1;
    List<Object> languages =
        new ArrayList<>((List<?>) state.getOrDefault("user:languages", List.of()));
    Object before = languages.isEmpty() ? "nobody" : languages.get(languages.size() - 1);
    languages.add(LANGUAGE);
    state.put("leg", leg);
    state.put("user:languages", languages);
    state.put("app:legs", ((Number) state.getOrDefault("app:legs", 0)).intValue() + 1);
    state.put("temp:seen", true);
    return Map.of("leg", leg, "before", before);
  }
}
