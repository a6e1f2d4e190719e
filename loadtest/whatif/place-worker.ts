import { parentPort, workerData } from "node:worker_threads";
import { placeBlocks, type PlaceOrder } from "./place-threads.ts";

parentPort!.postMessage(placeBlocks(workerData as PlaceOrder));
