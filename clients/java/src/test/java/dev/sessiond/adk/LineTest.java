package dev.sessiond.adk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.base.Ticker;
import io.grpc.Status;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.schedulers.Schedulers;
import io.reactivex.rxjava3.subjects.SingleSubject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who goes next. */
@Timeout(60)
class LineTest {
  private static final Duration LONG = Duration.ofHours(1);

  /** The numbers of the calls that have begun, in that order. */
  private final BlockingQueue<Integer> begun = new LinkedBlockingQueue<>();

  private final List<SingleSubject<Integer>> calls = new ArrayList<>();

  private volatile long now;

  private Line line(int places, Duration patience) {
    Ticker clock =
        new Ticker() {
          @Override
          public long read() {
            return now;
          }
        };
    return new Line(places, patience, "host:1", clock);
  }

  /** A call that ends when the test says so. */
  private Single<Integer> call(Line line) {
    int number = calls.size();
    SingleSubject<Integer> call = SingleSubject.create();
    calls.add(call);
    return line.inTurn(
        () -> {
          begun.add(number);
          return call;
        });
  }

  private int next() throws InterruptedException {
    Integer number = begun.poll(50, TimeUnit.SECONDS);
    assertTrue(number != null, "nobody's turn came");
    return number;
  }

  private void end(int number) {
    calls.get(number).onSuccess(number);
  }

  private static UnavailableException unavailable(String words) {
    return (UnavailableException)
        Errors.of(Status.UNAVAILABLE.withDescription(words).asRuntimeException(), "");
  }

  @Test
  void firstComeFirstServed() throws Exception {
    Line line = line(3, LONG);
    List<CompletableFuture<Integer>> answers = new ArrayList<>();
    for (int number = 0; number < 100; number++) {
      answers.add(call(line).toCompletionStage().toCompletableFuture());
    }
    List<Integer> order = new ArrayList<>(List.of(next(), next(), next()));
    assertTrue(begun.isEmpty());
    for (int number = 0; number < 97; number++) {
      end(number);
      order.add(next());
    }
    assertTrue(begun.isEmpty());
    List<Integer> expected = Flowable.range(0, 100).toList().blockingGet();
    assertEquals(expected, order);
    for (int number = 97; number < 100; number++) {
      end(number);
    }
    for (int number = 0; number < 100; number++) {
      assertEquals(number, answers.get(number).get());
    }
  }

  @Test
  void whoLeavesGivesItsPlaceOnOnce() throws Exception {
    Line line = line(2, LONG);
    List<Disposable> subscribers = new ArrayList<>();
    for (int number = 0; number < 8; number++) {
      subscribers.add(call(line).subscribe());
    }
    assertEquals(List.of(0, 1), List.of(next(), next()));
    // In line: nothing becomes free.
    subscribers.get(3).dispose();
    subscribers.get(3).dispose();
    assertFalse(calls.get(3).hasObservers());
    // Under way: its call is ended, and the first in line comes.
    subscribers.get(0).dispose();
    subscribers.get(0).dispose();
    assertFalse(calls.get(0).hasObservers());
    assertEquals(2, next());
    end(1);
    assertEquals(4, next());
    // Over: nothing becomes free again.
    subscribers.get(1).dispose();
    end(2);
    assertEquals(5, next());
    assertTrue(begun.isEmpty());
    end(4);
    end(5);
    assertEquals(13, next() + next());
    assertFalse(calls.get(3).hasObservers());
  }

  @Test
  void aCallThatCannotBeMadeGivesItsPlaceOn() {
    Line line = line(1, LONG);
    SingleSubject<Integer> first = SingleSubject.create();
    line.inTurn(() -> first).subscribe();
    // So many that each of them must not begin within the one before.
    List<CompletableFuture<Integer>> failing = new ArrayList<>();
    for (int number = 0; number < 20_000; number++) {
      Single<Integer> call =
          line.inTurn(
              () -> {
                throw new IllegalStateException("no token");
              });
      failing.add(call.toCompletionStage().toCompletableFuture());
    }
    first.onSuccess(1);
    for (CompletableFuture<Integer> call : failing) {
      Exception error = assertThrows(Exception.class, () -> call.get(50, TimeUnit.SECONDS));
      assertEquals("no token", error.getCause().getMessage());
    }
    assertEquals(7, line.inTurn(() -> Single.just(7)).blockingGet());
  }

  @Test
  void whatAnAnswerMakesTheCallerDoHoldsUpNobody() {
    Line line = line(1, LONG);
    int sum =
        line.inTurn(() -> Single.just(1))
            .map(one -> one + line.inTurn(() -> Single.just(2)).blockingGet())
            .blockingGet();
    assertEquals(3, sum);
  }

  @Test
  void noPlaceIsLostOrGivenTwice() throws Exception {
    Line line = line(5, LONG);
    AtomicInteger underWay = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Single<Integer> call =
        line.inTurn(
            () -> {
              most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
              return Single.timer(1, TimeUnit.MILLISECONDS)
                  .map(unused -> 1)
                  .doOnTerminate(underWay::decrementAndGet)
                  .doOnDispose(underWay::decrementAndGet);
            });
    // Each that takes longer than 2 ms from its coming to its end leaves, wherever it is by then.
    Flowable.range(0, 5_000)
        .flatMapSingle(
            unused ->
                call.subscribeOn(Schedulers.io())
                    .timeout(2, TimeUnit.MILLISECONDS)
                    .onErrorReturnItem(0),
            false,
            50)
        .blockingSubscribe();
    List<Disposable> now = new ArrayList<>();
    for (int number = 0; number < 6; number++) {
      now.add(call(line).subscribe());
    }
    for (int number = 0; number < 5; number++) {
      assertEquals(number, next());
    }
    assertTrue(begun.isEmpty());
    assertTrue(most.get() <= 5, most + " at a time");
    now.forEach(Disposable::dispose);
  }

  @Test
  void whoWaitsForLongWithoutAnyAnswerFailsAtOnce() throws Exception {
    Line line = line(1, Duration.ofSeconds(10));
    List<CompletableFuture<Integer>> answers = new ArrayList<>();
    for (int number = 0; number < 4; number++) {
      answers.add(call(line).toCompletionStage().toCompletableFuture());
    }
    now += Duration.ofMillis(9_999).toNanos();
    calls.get(0).onError(unavailable("connection refused"));
    assertEquals(List.of(0, 1), List.of(next(), next()));
    now += Duration.ofMillis(1).toNanos();
    calls.get(1).onError(unavailable("connection reset"));
    for (CompletableFuture<Integer> answer : answers.subList(2, 4)) {
      Exception error = assertThrows(Exception.class, () -> answer.get(50, TimeUnit.SECONDS));
      UnavailableException failure = (UnavailableException) error.getCause();
      assertEquals(
          "waited 10.0 seconds in line behind calls to host:1 that had no answer"
              + " (connection reset)",
          failure.getMessage());
      assertEquals(Optional.of(Status.Code.UNAVAILABLE), failure.code());
    }
    // Who comes to a free place has not waited.
    call(line).subscribe();
    assertEquals(4, next());
  }

  @Test
  void theKindIsThatOfTheLastFailure() {
    Line line = line(1, Duration.ofSeconds(10));
    call(line).subscribe(answer -> {}, error -> {});
    CompletableFuture<Integer> behind = call(line).toCompletionStage().toCompletableFuture();
    now += Duration.ofSeconds(10).toNanos();
    calls.get(0).onError(Errors.of(Status.DEADLINE_EXCEEDED.asRuntimeException(), ""));
    Exception error = assertThrows(Exception.class, () -> behind.get(50, TimeUnit.SECONDS));
    assertTrue(error.getCause() instanceof DeadlineException, error.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "INVALID_ARGUMENT, true",
    "RESOURCE_EXHAUSTED, true",
    "UNAVAILABLE, false",
    "DEADLINE_EXCEEDED, false",
    "CANCELLED, false",
  })
  void whoWaitsLongWhileTheServerAnswersIsServed(Status.Code said, boolean answer)
      throws Exception {
    Line line = line(1, Duration.ofSeconds(10));
    call(line).subscribe(unused -> {}, error -> {});
    CompletableFuture<Integer> behind = call(line).toCompletionStage().toCompletableFuture();
    now += Duration.ofSeconds(5).toNanos();
    line.failed(Errors.of(said.toStatus().asRuntimeException(), ""));
    now += Duration.ofSeconds(9).toNanos();
    calls.get(0).onError(unavailable("gone"));
    assertEquals(0, next());
    if (answer) {
      assertEquals(1, next());
    } else {
      assertThrows(Exception.class, () -> behind.get(50, TimeUnit.SECONDS));
    }
  }

  @Test
  void closingLetsAllGo() throws Exception {
    Line line = line(1, LONG);
    call(line).subscribe();
    call(line).subscribe();
    call(line).subscribe();
    assertEquals(0, next());
    line.letAllIn();
    assertEquals(List.of(1, 2), List.of(next(), next()));
  }
}
