import { execFile } from "node:child_process";
import { userInfo } from "node:os";

/** Who annotates: the setting, else git's user.name (the repository's own where it is trusted), else the login. */
export async function annotator(setting: string, repository: string | undefined): Promise<string> {
  return setting.trim() || (await gitName(repository)) || login();
}

function gitName(repository: string | undefined): Promise<string> {
  const scope = repository ? ["-C", repository] : [];
  const args = [...scope, "config", ...(repository ? [] : ["--global"]), "user.name"];
  return new Promise((resolve) => {
    execFile("git", args, { timeout: 3000 }, (error, stdout) => resolve(error ? "" : stdout.trim()));
  });
}

function login(): string {
  try {
    return userInfo().username;
  } catch {
    // An account without an entry, as in some containers.
    return "someone";
  }
}
