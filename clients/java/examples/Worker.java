import dev.sessiond.tail.Tail;
import dev.sessiond.tail.TailOptions;
import dev.sessiond.tail.Update;
import dev.sessiond.v1.Event;
import dev.sessiond.v1.SessionKey;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * A worker that sees each event of a session at least once, whatever happens to it, to servers or
 * to connections: java -cp CLASSPATH Worker.java host:port app user session cursor-file
 *
 * <p>It handles an event first and stores the cursor after it. Where it dies in between, the events
 * since the stored cursor come again: a handler does nothing twice by the id of the event.
 */
public class Worker {
  static void handle(Event event) {
    System.out.println(event.getSeq() + " " + event.getId() + " " + event.getContent());
  }

  /** Stores the cursor in one step: a crash leaves the old one or the new one. */
  static void acknowledge(Path file, String cursor) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel out =
        FileChannel.open(
            fresh,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      out.write(StandardCharsets.UTF_8.encode(cursor));
      out.force(true);
    }
    Files.move(
        fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  static String acknowledged(Path file) throws IOException {
    return Files.exists(file) ? Files.readString(file) : "";
  }

  public static void main(String[] arguments) throws IOException {
    SessionKey key =
        SessionKey.newBuilder()
            .setAppName(arguments[1])
            .setUserId(arguments[2])
            .setSessionId(arguments[3])
            .build();
    Path file = Path.of(arguments[4]);
    TailOptions place = TailOptions.DEFAULT.cursor(acknowledged(file));
    // Takes the next update only when this one is handled and stored.
    for (Update update : Tail.follow(arguments[0], key, place).blockingIterable(1)) {
      if (update instanceof Update.Events events) {
        events.events().forEach(Worker::handle);
        acknowledge(file, events.cursor());
      } else if (update instanceof Update.Ended ended) {
        System.out.println("ended: " + ended.reason());
      }
    }
  }
}
