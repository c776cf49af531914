package dev.sessiond.support;

import dev.sessiond.v1.AppendEventRequest;
import dev.sessiond.v1.BatchAppendEventsRequest;
import dev.sessiond.v1.CreateSessionRequest;
import dev.sessiond.v1.DeleteSessionRequest;
import dev.sessiond.v1.Event;
import dev.sessiond.v1.GetSessionRequest;
import dev.sessiond.v1.SessionKey;
import dev.sessiond.v1.SessionServiceGrpc;
import dev.sessiond.v1.SessionServiceGrpc.SessionServiceBlockingStub;
import dev.sessiond.v1.UpdateSessionRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.concurrent.TimeUnit;

/** One session through the plain stubs. */
public final class StubSession implements AutoCloseable {
  private final ManagedChannel channel;
  private final SessionKey key;

  /** The session {@code s} of the user {@code u}; it is not created. */
  public StubSession(String target, String app) {
    channel = Grpc.newChannelBuilder(target, InsecureChannelCredentials.create()).build();
    key = SessionKey.newBuilder().setAppName(app).setUserId("u").setSessionId("s").build();
  }

  /** Its key. */
  public SessionKey key() {
    return key;
  }

  /** The channel that the stubs use. */
  public ManagedChannel channel() {
    return channel;
  }

  /** Creates it. */
  public void create() {
    stub().createSession(CreateSessionRequest.newBuilder().setKey(key).putState("k", "1").build());
  }

  /** Deletes it. */
  public void delete() {
    stub().deleteSession(DeleteSessionRequest.newBuilder().setKey(key).build());
  }

  /** Its uid. */
  public String uid() {
    return stub()
        .getSession(GetSessionRequest.newBuilder().setKey(key).build())
        .getSession()
        .getUid();
  }

  /** Appends events of these ids at once. */
  public void append(String... ids) {
    BatchAppendEventsRequest.Builder request = BatchAppendEventsRequest.newBuilder().setKey(key);
    for (String id : ids) {
      request.addEvents(Event.newBuilder().setId(id).setAuthor("u").setContent("{}"));
    }
    stub().batchAppendEvents(request.build());
  }

  /** Appends an event of about this weight. */
  public void appendLarge(String id, int bytes) {
    Event event =
        Event.newBuilder().setId(id).setContent("{\"x\":\"" + "x".repeat(bytes) + "\"}").build();
    stub().appendEvent(AppendEventRequest.newBuilder().setKey(key).setEvent(event).build());
  }

  /** Changes it without an event. */
  public void rename(String name) {
    stub()
        .updateSession(UpdateSessionRequest.newBuilder().setKey(key).setDisplayName(name).build());
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  private SessionServiceBlockingStub stub() {
    channel.resetConnectBackoff();
    return SessionServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .withWaitForReady();
  }
}
