/* /logout: leads out when it is opened, by the same DELETE as the button, and then to the login. */
import { t } from "../i18n.js";
import { logout } from "../session.js";
import { toast } from "../toast.js";

export async function open(page) {
    await logout();
    toast(t("shell.logged_out"), { kind: "success" });
    await page.navigate("/login", { replace: true });
}
