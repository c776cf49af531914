/** Follows a session live, over lost connections and restarted servers. Needs nothing of ADK. */
package dev.sessiond.tail;
