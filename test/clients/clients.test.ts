import { afterAll, beforeAll } from "vitest";
import { matrixTests } from "./matrix.ts";
import { relayTests } from "./relay.ts";
import { Setting } from "./support.ts";

let setting: Setting;

beforeAll(async () => {
  setting = await Setting.start();
});

afterAll(() => setting?.stop());

matrixTests(() => setting);
relayTests(() => setting);
