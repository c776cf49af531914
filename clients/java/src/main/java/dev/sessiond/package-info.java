/** The Java client of sessiond, which keeps the sessions of Google ADK agents. */
package dev.sessiond;
