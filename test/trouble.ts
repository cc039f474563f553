import { ServiceError } from "../src/deployment/service-error.ts";

/** The ServiceError that this call ends with; any other end is one that the test does not expect. */
export async function troubleOf(call: Promise<unknown>): Promise<ServiceError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("the call succeeded");
}
