/**
 * Keeps the sessions of Google ADK agents in sessiond: give a runner a {@code new
 * SessiondSessionService("localhost:50051")}.
 */
package dev.sessiond.adk;
