package dev.sessiond.support;

import dev.sessiond.tail.Update;
import dev.sessiond.v1.Event;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.subscribers.DefaultSubscriber;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** The updates of a tail, of which each is asked for when a test wants it. */
public final class Updates implements AutoCloseable {
  private final BlockingQueue<Optional<Object>> arrived = new LinkedBlockingQueue<>();
  private final Reader reader = new Reader();

  private Updates(Flowable<Update> tail) {
    tail.subscribe(reader);
  }

  /** Subscribes to a tail. */
  public static Updates of(Flowable<Update> tail) {
    return new Updates(tail);
  }

  /** The updates up to the next of a kind. */
  public List<Update> until(Class<? extends Update> kind) {
    return until(kind::isInstance);
  }

  /** The updates up to the event of an id. */
  public List<Update> untilEvent(String id) {
    return until(update -> ids(List.of(update)).contains(id));
  }

  /** Waits until the tail has completed. */
  public void awaitComplete() {
    Optional<Object> end = take();
    if (end.isPresent()) {
      throw new AssertionError("instead of the end came " + end.get());
    }
  }

  @Override
  public void close() {
    reader.stop();
  }

  /** The ids of the events among updates. */
  public static List<String> ids(List<Update> updates) {
    return of(updates, Update.Events.class).stream()
        .flatMap(update -> update.events().stream())
        .map(Event::getId)
        .toList();
  }

  /** Those of a kind. */
  public static <T extends Update> List<T> of(List<Update> updates, Class<T> kind) {
    return updates.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  /** The last one. */
  public static Update last(List<Update> updates) {
    return updates.get(updates.size() - 1);
  }

  private List<Update> until(Predicate<Update> wanted) {
    List<Update> found = new ArrayList<>();
    while (true) {
      reader.ask();
      Object next = take().orElseThrow(() -> new AssertionError("the tail ended after " + found));
      if (next instanceof Throwable error) {
        throw new AssertionError("the tail failed after " + found, error);
      }
      found.add((Update) next);
      if (wanted.test((Update) next)) {
        return found;
      }
    }
  }

  private Optional<Object> take() {
    try {
      Optional<Object> next = arrived.poll(60, TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError("nothing came for a minute");
      }
      return next;
    } catch (InterruptedException error) {
      throw new AssertionError(error);
    }
  }

  private final class Reader extends DefaultSubscriber<Update> {
    @Override
    protected void onStart() {}

    @Override
    public void onNext(Update update) {
      arrived.add(Optional.of(update));
    }

    @Override
    public void onError(Throwable error) {
      arrived.add(Optional.of(error));
    }

    @Override
    public void onComplete() {
      arrived.add(Optional.empty());
    }

    void ask() {
      request(1);
    }

    void stop() {
      cancel();
    }
  }
}
