import { afterAll, beforeAll } from "vitest";
import { relayTests } from "./relay.ts";
import { Setting } from "./support.ts";

let setting: Setting;

beforeAll(async () => {
  setting = await Setting.start();
});

afterAll(() => setting?.stop());

relayTests(() => setting);
