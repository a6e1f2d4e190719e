import { parseDuration } from "../dial.ts";
import type { ArrivalModel } from "./contract.ts";
import { timeInWords } from "./values.ts";

const MOST_USERS = 100_000;

/** So many users who each write, wait for the answer, think, and write again. */
export const closed: ArrivalModel = {
  name: "closed",
  form: "USERS/think=TIME",
  example: "closed:50/think=200ms",
  meaning: "so many users who wait for each answer; the rate is a result",
  read(text) {
    const [, count = "", time = ""] = /^(\d+)\/think=(.*)$/u.exec(text) ?? [];
    const thinkS = parseDuration(time);
    if (count === "" || Number.isNaN(thinkS)) return null;
    const users = Number(count);
    if (!(users >= 1 && users <= MOST_USERS)) return `has ${count} users, 1 to ${MOST_USERS} are taken`;
    const who = users === 1 ? "one user who waits" : `${users} users who each wait`;
    return {
      isOpen: false,
      users,
      thinkS,
      words:
        `a closed loop of ${who} for the answer and ${users === 1 ? "thinks" : "think"} for ` + timeInWords(thinkS),
    };
  },
};
