package dev.sessiond.adk;

import com.google.adk.sessions.Session;
import com.google.common.collect.MapMaker;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.core.SingleEmitter;
import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.disposables.SerialDisposable;
import io.reactivex.rxjava3.schedulers.Schedulers;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Lets so many do something at a time; the others wait: first come, first served. */
final class Turns {
  private static final Map<Session, Turns> ALL = new MapMaker().weakKeys().makeMap();

  private final Set<Turn<?>> waiting = new LinkedHashSet<>();
  private int free;

  /**
   * @param places how many may be at it at a time.
   */
  Turns(int places) {
    free = places;
  }

  /** The turns at one {@code Session} object, which everyone shares who asks for the same one. */
  static Turns at(Session session) {
    return ALL.computeIfAbsent(session, unused -> new Turns(1));
  }

  /**
   * Subscribes to work when its turn comes: at once, or on a thread that may block. Its turn ends
   * before anybody is told how it ended.
   *
   * @param emitter is told.
   * @return ends the work, or takes it out of line, so that it never begins.
   */
  <R> Disposable enter(Single<R> work, SingleEmitter<R> emitter) {
    Turn<R> turn = new Turn<>(work, emitter);
    synchronized (this) {
      if (free == 0) {
        waiting.add(turn);
        return turn;
      }
      free--;
    }
    turn.begin();
    return turn;
  }

  /** Begins the work of all who wait, one after another. */
  void letAllIn() {
    List<Turn<?>> all;
    synchronized (this) {
      all = List.copyOf(waiting);
      waiting.clear();
    }
    Schedulers.io().scheduleDirect(() -> all.forEach(Turn::begin));
  }

  /** Takes the first of those who wait; where there is none a place is free. */
  private @Nullable Turn<?> next() {
    Iterator<Turn<?>> first = waiting.iterator();
    if (!first.hasNext()) {
      free++;
      return null;
    }
    Turn<?> next = first.next();
    first.remove();
    return next;
  }

  /** One turn: waited for, had, and over. */
  private final class Turn<R> implements Disposable {
    private final Single<R> work;
    private final SingleEmitter<R> emitter;
    private final SerialDisposable running = new SerialDisposable();
    private boolean beginning;
    private boolean over;

    private Turn(Single<R> work, SingleEmitter<R> emitter) {
      this.work = work;
      this.emitter = emitter;
    }

    private void begin() {
      synchronized (Turns.this) {
        if (over) {
          return;
        }
        beginning = true;
      }
      running.set(
          work.subscribe(
              result -> {
                end();
                emitter.onSuccess(result);
              },
              error -> {
                end();
                emitter.tryOnError(error);
              }));
      synchronized (Turns.this) {
        beginning = false;
      }
      if (isDisposed()) {
        end();
      }
    }

    private void end() {
      Turn<?> next;
      synchronized (Turns.this) {
        if (over) {
          return;
        }
        over = true;
        next = waiting.remove(this) ? null : next();
      }
      if (next != null) {
        // Not here: what a turn begins may end at once, and so thousands would be begun within each
        // other; and it may be the user's code, which may block.
        Schedulers.io().scheduleDirect(next::begin);
      }
    }

    @Override
    public void dispose() {
      running.dispose();
      boolean begun;
      synchronized (Turns.this) {
        begun = !beginning;
      }
      // Its place is not free before what is just being begun has been ended.
      if (begun) {
        end();
      }
    }

    @Override
    public boolean isDisposed() {
      return running.isDisposed();
    }
  }
}
