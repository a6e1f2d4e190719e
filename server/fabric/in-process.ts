import type { Guard } from "../guard.ts";
import type { Delivery } from "./contract.ts";

/** What connects the nodes of one process. */
export interface Hub {
  /** One more node. */
  join(): Delivery;
}

/** The fabric of nodes that are in one process; most often there is one, and nothing to do. */
export function createHub(guard: Guard): Hub {
  const nodes = new Map<Delivery, (users: readonly number[], frame: string) => void>();
  return {
    join() {
      const node: Delivery = {
        publish(users, frame) {
          for (const [other, deliver] of nodes) if (other !== node) deliver(users, frame);
        },
        onDeliver: (run) => void nodes.set(node, guard("delivery from another node", run)),
      };
      return node;
    },
  };
}
