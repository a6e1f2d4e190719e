import { Type, type Static } from "typebox";
import { Count, Text } from "./schema-fields.ts";

const Bytes = (description: string) => Count(`Bytes ${description}`);

/** `run.machine` of a result. */
export const MachineSchema = Type.Object(
  {
    cpu: Text("Model of the processor"),
    cores: Type.Number({
      description: "Cores that the process may use: those it may be put on, or its container's quota when that is less",
    }),
    memory: Bytes("of main memory that the machine has"),
    kernel: Text("Name and release of the system's kernel"),
    node: Text("Version of Node"),
    k6: Type.Optional(Text("Version of k6; absent: k6 did not make the load")),
    commit: Type.Optional(
      Text("Of the folder where the run was started; -dirty: tracked files were changed; absent: no git checkout"),
    ),
    limits: Type.Optional(
      Type.Object(
        {
          cores: Type.Optional(Type.Number({ description: "CPU quota in cores, e.g. 1.5; absent: none" })),
          memory: Type.Optional(Bytes("that may be used; absent: all of them")),
        },
        { description: "Of the container, or of another control group; absent: none" },
      ),
    ),
  },
  { description: "What made the load, and with an own server answered it; absent in files of early versions" },
);

export type Machine = Static<typeof MachineSchema>;
