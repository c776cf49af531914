import dev.sessiond.v1.AppendEventRequest;
import dev.sessiond.v1.Event;
import dev.sessiond.v1.SessionKey;
import dev.sessiond.v1.SessionServiceGrpc;
import dev.sessiond.v1.StreamEventsRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.util.UUID;

/** Stores an event and reads it, with nothing but the stubs. */
public class PlainStubs {
  public static void main(String[] arguments) {
    String target = arguments.length > 0 ? arguments[0] : "localhost:50051";
    ManagedChannel channel =
        Grpc.newChannelBuilder(target, InsecureChannelCredentials.create()).build();
    var stub = SessionServiceGrpc.newBlockingStub(channel);
    var key = SessionKey.newBuilder().setAppName("demo").setUserId("ann").setSessionId("s1");
    var event = Event.newBuilder().setId(UUID.randomUUID().toString()).setAuthor("user");
    event.setContent("{\"role\":\"user\",\"parts\":[{\"text\":\"Hello\"}]}");
    event.putStateDelta("greeted", "true");
    stub.appendEvent(
        AppendEventRequest.newBuilder().setKey(key).setEvent(event).setCreateSession(true).build());
    stub.streamEvents(StreamEventsRequest.newBuilder().setKey(key).build())
        .forEachRemaining(
            frame ->
                frame
                    .getEvents()
                    .getEventsList()
                    .forEach(one -> System.out.println(one.getSeq() + " " + one.getContent())));
    channel.shutdownNow();
  }
}
