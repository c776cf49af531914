package dev.sessiond.adk;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.deser.DeserializationProblemHandler;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leaves out the fields that other languages and other versions of ADK write and this one has no
 * place for, with one warning for each name. What is stored stays as it was written.
 */
final class UnknownFields extends DeserializationProblemHandler {
  private static final Logger logger = LoggerFactory.getLogger(UnknownFields.class);

  private final Set<String> reported = ConcurrentHashMap.newKeySet();

  @Override
  public boolean handleUnknownProperty(
      DeserializationContext context,
      JsonParser parser,
      JsonDeserializer<?> deserializer,
      Object beanOrClass,
      String name)
      throws IOException {
    if (reported.add(name)) {
      logger.warn(
          "Events have a field '{}', which this version of google-adk does not know; it is left"
              + " out.",
          name);
    }
    parser.skipChildren();
    return true;
  }
}
