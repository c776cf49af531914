package dev.sessiond.adk;

import static dev.sessiond.support.Examples.app;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.adk.agents.BaseAgent;
import com.google.adk.agents.InvocationContext;
import com.google.adk.agents.ParallelAgent;
import com.google.adk.agents.RunConfig;
import com.google.adk.events.Event;
import com.google.adk.events.EventActions;
import com.google.adk.runner.Runner;
import com.google.adk.sessions.InMemorySessionService;
import com.google.adk.sessions.Session;
import com.google.genai.types.Content;
import com.google.genai.types.FunctionResponse;
import com.google.genai.types.Part;
import dev.sessiond.support.Scripted;
import dev.sessiond.support.TestServer;
import io.reactivex.rxjava3.core.Flowable;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Conversations led by ADK's runner. */
@Tag("contract")
class RunnerTest {
  private final String app = app();

  @TempDir Path folder;

  private Runner runner(SessiondSessionService service, BaseAgent agent) {
    return Runner.builder().appName(app).agent(agent).sessionService(service).build();
  }

  private static List<Event> say(Runner runner, String id, Content message) {
    return runner.runAsync("ann", id, message).toList().blockingGet();
  }

  private static List<Event> say(Runner runner, String id, String words) {
    return say(runner, id, Content.fromParts(Part.fromText(words)));
  }

  private Session read(SessiondSessionService service, String id) {
    return service.getSession(app, "ann", id, Optional.empty()).blockingGet();
  }

  private static String kind(Event event) {
    Part part = event.content().get().parts().get().get(0);
    return part.functionCall().isPresent()
        ? "call"
        : part.functionResponse().isPresent() ? "response" : "text";
  }

  @Test
  void aConversationWithToolsAndARestartInTheMiddle() {
    TestServer server = TestServer.start(folder);
    try (server;
        SessiondSessionService service =
            new SessiondSessionService("sessiond://" + server.target() + "?deadline=60")) {
      service
          .createSession(app, "ann", Map.of("kept", Map.of("a", List.of(1.0))), "s1")
          .blockingGet();
      Runner runner = runner(service, Scripted.agent());
      List<Event> answers = say(runner, "s1", "How is the weather in Paris");
      assertEquals("It says sunny", answers.get(2).content().get().text());
      server.kill();
      server.start();
      say(runner, "s1", "And in Tokyo");
      say(runner, "s1", "Forget me");
      Session found = read(service, "s1");
      assertEquals(
          Map.of("kept", Map.of("a", List.of(1.0)), "questions", 2, "app:last_city", "Tokyo"),
          found.state());
      assertEquals(
          Stream.generate(() -> List.of("text", "call", "response", "text"))
              .limit(3)
              .flatMap(List::stream)
              .toList(),
          found.events().stream().map(event -> kind(event)).toList());
      assertEquals(
          Map.of("city", "Paris"), found.events().get(1).functionCalls().get(0).args().get());
      assertEquals(
          found.events().get(1).functionCalls().get(0).id(),
          found.events().get(2).functionResponses().get(0).id());
      assertEquals("user", found.events().get(0).author());
      assertEquals("helper", found.events().get(3).author());
      assertTrue(
          found.events().stream()
              .flatMap(event -> event.actions().stateDelta().keySet().stream())
              .noneMatch(key -> key.startsWith("temp:")));
    }
  }

  @Test
  void itIsAsWithTheServiceInMemory() {
    try (SessiondSessionService service = new SessiondSessionService(TestServer.sharedTarget())) {
      InMemorySessionService memory = new InMemorySessionService();
      memory.createSession(app, "ann", Map.of(), "s1").blockingGet();
      service.createSession(app, "ann", Map.of(), "s1").blockingGet();
      Runner inMemory =
          Runner.builder().appName(app).agent(Scripted.agent()).sessionService(memory).build();
      for (Runner runner : List.of(inMemory, runner(service, Scripted.agent()))) {
        Map<String, Object> delta = Map.of("mood", "good", "user:mood", "bad");
        runner
            .runAsync(
                "ann",
                "s1",
                Content.fromParts(Part.fromText("The weather in Rome")),
                RunConfig.builder().build(),
                delta)
            .blockingSubscribe();
      }
      Session expected = memory.getSession(app, "ann", "s1", Optional.empty()).blockingGet();
      Session found = read(service, "s1");
      // The service in memory keeps what is temporary.
      expected.state().keySet().removeIf(key -> key.startsWith("temp:"));
      assertEquals(expected.state(), found.state());
      assertEquals(
          expected.events().stream().map(RunnerTest::kind).toList(),
          found.events().stream().map(RunnerTest::kind).toList());
    }
  }

  @Test
  void aLongRunningToolIsAnsweredLater() {
    try (SessiondSessionService service = new SessiondSessionService(TestServer.sharedTarget())) {
      service.createSession(app, "ann", Map.of(), "s1").blockingGet();
      Runner runner = runner(service, Scripted.agent());
      say(runner, "s1", "Ask the boss");
      Event asking = read(service, "s1").events().get(1);
      String callId = asking.functionCalls().get(0).id().get();
      assertEquals(Optional.of(Set.of(callId)), asking.longRunningToolIds());
      FunctionResponse answer =
          FunctionResponse.builder()
              .id(callId)
              .name("askBoss")
              .response(Map.of("weather", "yes"))
              .build();
      Content message =
          Content.builder()
              .role("user")
              .parts(Part.builder().functionResponse(answer).build())
              .build();
      List<Event> events = say(runner, "s1", message);
      assertEquals("It says yes", events.get(events.size() - 1).content().get().text());
    }
  }

  /** Reports several times. */
  private static final class Steps extends BaseAgent {
    Steps(String name) {
      super(name, "", List.of(), List.of(), List.of());
    }

    @Override
    protected Flowable<Event> runAsyncImpl(InvocationContext context) {
      return Flowable.range(0, 5)
          .map(
              number ->
                  Event.builder()
                      .id(Event.generateEventId())
                      .invocationId(context.invocationId())
                      .author(name())
                      .branch(context.branch().orElse(null))
                      .content(Content.fromParts(Part.fromText(name() + " " + number)))
                      .actions(
                          EventActions.builder()
                              .stateDelta(
                                  Map.of(name() + "_done", number, "user:" + name(), number))
                              .build())
                      .build());
    }

    @Override
    protected Flowable<Event> runLiveImpl(InvocationContext context) {
      return Flowable.empty();
    }
  }

  @Test
  void parallelAgents() {
    try (SessiondSessionService service = new SessiondSessionService(TestServer.sharedTarget())) {
      List<String> names = List.of("a", "b", "c", "d");
      ParallelAgent agent =
          ParallelAgent.builder()
              .name("all")
              .subAgents(names.stream().map(Steps::new).toList())
              .build();
      service.createSession(app, "ann", Map.of(), "s1").blockingGet();
      say(runner(service, agent), "s1", "Go");
      Session found = read(service, "s1");
      for (String name : names) {
        assertEquals(
            IntStream.range(0, 5).mapToObj(number -> name + " " + number).toList(),
            found.events().stream()
                .filter(event -> event.author().equals(name))
                .map(event -> event.content().get().text())
                .toList());
        assertEquals(4, found.state().get(name + "_done"));
        assertEquals(4, found.state().get("user:" + name));
      }
    }
  }

  @Test
  void twoRunnersOfOneSession() {
    try (SessiondSessionService service = new SessiondSessionService(TestServer.sharedTarget())) {
      service.createSession(app, "ann", Map.of(), "s1").blockingGet();
      say(runner(service, Scripted.agent()), "s1", "The weather in Rome");
      say(runner(service, Scripted.agent()), "s1", "The weather in Oslo");
      assertEquals(8, read(service, "s1").events().size());
      assertEquals(2, read(service, "s1").state().get("questions"));
    }
  }

  @Test
  void aSessionThatIsNotThere() {
    try (SessiondSessionService service = new SessiondSessionService(TestServer.sharedTarget())) {
      Runner runner = runner(service, Scripted.agent());
      assertThrows(RuntimeException.class, () -> say(runner, "none", "Hello"));
      RunConfig config = RunConfig.builder().autoCreateSession(true).build();
      runner
          .runAsync("ann", "new", Content.fromParts(Part.fromText("The weather in Rome")), config)
          .blockingSubscribe();
      assertFalse(read(service, "new").events().isEmpty());
    }
  }
}
