/* Runs before the page is painted, so that a chosen theme does not flash: the only script that is no module. See theme.js. */
(() => {
    try {
        const theme = localStorage.getItem("weir-theme");
        if (theme === "light" || theme === "dark") {
            document.documentElement.dataset.theme = theme;
        }
    } catch { /* storage is forbidden: the system's theme, then */ }
})();
