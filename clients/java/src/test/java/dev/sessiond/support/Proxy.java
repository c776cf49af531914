package dev.sessiond.support;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A TCP proxy that can lose the server's answers, break connections, and be slow. */
public final class Proxy implements AutoCloseable {
  private final String host;
  private final int port;
  private final ServerSocket listener;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private volatile boolean losing;
  private volatile int pauseMillis;
  private volatile CountDownLatch lost = new CountDownLatch(1);

  /** Forwards to a target. */
  public Proxy(String target) {
    int colon = target.lastIndexOf(':');
    host = target.substring(0, colon);
    port = Integer.parseInt(target.substring(colon + 1));
    try {
      listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    background(this::accept);
  }

  /** Where it listens. */
  public String target() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** From now on what the client sends goes through, and no answer comes back. */
  public void loseAnswers() {
    lost = new CountDownLatch(1);
    losing = true;
  }

  /** Waits until an answer was lost. */
  public void awaitLost() throws InterruptedException {
    if (!lost.await(60, TimeUnit.SECONDS)) {
      throw new AssertionError("no answer came");
    }
  }

  /** Holds everything up for so long before it goes on. */
  public void slow(int millis) {
    pauseMillis = millis;
  }

  /** Breaks all connections; new ones work. */
  public void cut() {
    losing = false;
    sockets.forEach(Proxy::close);
    sockets.clear();
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException error) {
      // it is closed all the same
    }
    cut();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        connect(listener.accept());
      } catch (IOException error) {
        // the listener was closed
      }
    }
  }

  private void connect(Socket client) {
    try {
      Socket server = new Socket(host, port);
      sockets.add(client);
      sockets.add(server);
      background(() -> pump(client, server, false));
      background(() -> pump(server, client, true));
    } catch (IOException error) { // the server is not there
      close(client);
    }
  }

  private void pump(Socket from, Socket to, boolean answers) {
    byte[] buffer = new byte[65_536];
    boolean broken = false;
    try (from;
        to) {
      InputStream in = from.getInputStream();
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        if (pauseMillis > 0) {
          Thread.sleep(pauseMillis);
        }
        // Where something is missing nothing else may follow.
        broken |= answers && losing;
        if (broken) {
          // Settings and acknowledgements of HTTP/2 come first; an answer to a call has a body.
          if (count > 30) {
            lost.countDown();
          }
          continue;
        }
        to.getOutputStream().write(buffer, 0, count);
      }
    } catch (IOException | InterruptedException error) {
      // a broken connection is what this is for
    }
  }

  private static void close(Socket socket) {
    try {
      // A reset, as of a machine that is gone.
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException error) {
      // it is closed all the same
    }
  }

  private static void background(Runnable work) {
    Thread thread = new Thread(work);
    thread.setDaemon(true);
    thread.start();
  }
}
