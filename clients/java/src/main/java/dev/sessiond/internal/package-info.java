/** What the parts of this client share. No part of its API: it may change with any version. */
package dev.sessiond.internal;
