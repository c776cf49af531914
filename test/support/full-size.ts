/** The one flag of long suites: `SESSIOND_TEST_FULL=1` makes all of them as large as issue and documents promise. */

const setting = process.env["SESSIOND_TEST_FULL"] ?? "";
if (!["", "1"].includes(setting)) throw new Error(`SESSIOND_TEST_FULL is 1 or not set, not "${setting}"`);

/** Whether the full sizes were asked for. */
export const full = setting === "1";
