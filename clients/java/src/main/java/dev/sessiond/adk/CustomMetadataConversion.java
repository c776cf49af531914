package dev.sessiond.adk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.stream.StreamSupport;

/** Reads the custom metadata of other languages, an object, as the list that Java's model has. */
final class CustomMetadataConversion {
  private CustomMetadataConversion() {}

  /** The metadata as a list; what is no object is left as it is. */
  static JsonNode read(JsonNode metadata) {
    if (!(metadata instanceof ObjectNode object)) {
      return metadata;
    }
    ArrayNode list = JsonText.MAPPER.createArrayNode();
    object
        .properties()
        .forEach(field -> put(list.addObject().put("key", field.getKey()), field.getValue()));
    return list;
  }

  private static void put(ObjectNode entry, JsonNode value) {
    if (value.isTextual()) {
      entry.set("stringValue", value);
    } else if (value.isNumber()) {
      entry.set("numericValue", value);
    } else if (value.isArray()
        && StreamSupport.stream(value.spliterator(), false).allMatch(JsonNode::isTextual)) {
      entry.putObject("stringListValue").set("values", value);
    } else {
      entry.put("stringValue", value.toString());
    }
  }
}
