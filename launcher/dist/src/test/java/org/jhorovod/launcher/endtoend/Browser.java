package org.jhorovod.launcher.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Opens pages in headless Chromium. */
final class Browser {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    // The page lies in a frame of the wanted width, which a window of this browser may not have.
    private static final String FRAME =
            """
            <!DOCTYPE html><iframe id="frame" width="%d" height="4000" style="border:0"></iframe>
            <script>
            const frame = document.getElementById("frame");
            frame.onload = () => {
                const page = frame.contentDocument;
                document.body.textContent = JSON.stringify({
                    text: page.body.innerText,
                    contentWidth: page.documentElement.scrollWidth,
                    pictures: [...page.querySelectorAll("svg, .bar")]
                            .filter(p => p.getBoundingClientRect().width > 0).length,
                    pageColour: frame.contentWindow.getComputedStyle(page.body).backgroundColor
                });
            };
            frame.srcdoc = %s;
            </script>
            """;

    private Browser() {}

    /**
     * What a person sees of a page.
     *
     * @param text as it is laid out
     * @param contentWidth in pixels; more than the window's where it has to be scrolled
     * @param pictures how many have a size
     * @param pageColour behind all
     */
    record Shown(String text, int contentWidth, int pictures, String pageColour) {}

    /** Skips the test where there is no browser. */
    static void assume() {
        Programs.assume("chromium");
    }

    /** Opens a page in a window of this width. */
    static Shown show(Path page, int width, boolean isDark)
            throws IOException, InterruptedException {
        String json = new Gson().toJson(Files.readString(page)); // escapes < too
        Path frame = page.resolveSibling(page.getFileName() + ".frame.html");
        Files.writeString(frame, FRAME.formatted(width, json));
        Path profile = Files.createDirectories(page.resolveSibling("browser-profile"));
        Jhorovodrun.Result result =
                Programs.run(
                        TIMEOUT,
                        List.of(
                                "chromium",
                                "--headless",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--virtual-time-budget=5000",
                                "--user-data-dir=" + profile,
                                "--blink-settings=preferredColorScheme=" + (isDark ? 0 : 1),
                                "--dump-dom",
                                frame.toUri().toString()));
        assertThat(result.code()).as(result.err()).isZero();
        String dom = result.out();
        String body = dom.substring(dom.indexOf("<body>") + 6, dom.lastIndexOf("</body>"));
        return new Gson()
                .fromJson(
                        body.replace("&lt;", "<")
                                .replace("&gt;", ">")
                                .replace("&nbsp;", " ")
                                .replace("&amp;", "&"),
                        Shown.class);
    }
}
