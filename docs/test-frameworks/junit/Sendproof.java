import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.opentest4j.AssertionFailedError;

/**
 * Simulators and scenarios of Sendproof for JUnit 5 (Java 17, Jackson). Register it as a static field:
 *
 * <pre>{@code @RegisterExtension static final Sendproof sendproof = new Sendproof();}</pre>
 */
public final class Sendproof implements BeforeAllCallback, AfterAllCallback {
    /** The command {@code sendproof}, such as {@code .venv/bin/sendproof}. */
    private static final String COMMAND = System.getProperty("sendproof", "sendproof");

    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http = HttpClient.newHttpClient();
    private Process simulators;
    private String url;

    /** Start simulators on free ports; they end after the class, and with the JVM. */
    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        simulators = new ProcessBuilder(COMMAND, "up", "--json", "--port", "0")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(simulators::destroy));
        BufferedReader output = simulators.inputReader(StandardCharsets.UTF_8);
        String line = output.readLine();
        if (line == null) {
            throw new IOException("sendproof up ended without an address; its errors are in the output of the tests");
        }
        url = json.readTree(line).at("/control/url").asText();
    }

    @Override
    public void afterAll(ExtensionContext context) throws InterruptedException {
        simulators.destroy();
        simulators.waitFor();
    }

    /** Create a sandbox. The settings are JSON, as for {@code createSandbox} of the control API. */
    public Sandbox createSandbox(String settings) {
        return new Sandbox(call("POST", "/sandboxes", settings));
    }

    /** Run a scenario against the bridge that {@code bridge} starts; fail with the findings unless it passes. */
    public static void runScenario(String scenario, String bridge, String... options)
            throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(COMMAND, "run", scenario, "--command", bridge));
        words.addAll(List.of(options));
        Process run = new ProcessBuilder(words).redirectErrorStream(true).start();
        String output = new String(run.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = run.waitFor();
        if (status != 0) {
            throw new AssertionFailedError("sendproof run " + scenario + " ended with status " + status + "\n" + output);
        }
    }

    private JsonNode call(String method, String path, String body) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/control" + path))
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() >= 400) {
                throw new IOException(method + " " + path + ": " + response.statusCode() + " " + response.body());
            }
            return json.readTree(response.body());
        } catch (IOException error) {
            throw new IllegalStateException(error.getMessage(), error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(error);
        }
    }

    /** One sandbox: a client of Optimove with customers, channels and message providers of its own. */
    public final class Sandbox {
        private final JsonNode facts;

        private Sandbox(JsonNode facts) {
            this.facts = facts;
        }

        /** Return the address of a service, such as {@code textlocal}. */
        public String url(String service) {
            return facts.at("/services/" + service + "/url").asText();
        }

        /** Return a credential for a service, such as {@code apikey} of {@code textlocal}. */
        public String credential(String service, String name) {
            return facts.at("/services/" + service + "/credentials/" + name).asText();
        }

        /** Let virtual time pass, with everything that is due meanwhile. */
        public void advance(java.time.Duration duration) {
            call("POST", "clock/advance", "{\"by_ms\": " + duration.toMillis() + "}");
        }

        /** Return the messages that the providers accepted, the newest first. */
        public JsonNode messages() {
            return call("GET", "messages", "").get("items");
        }

        /** Call an operation of the control API on this sandbox; the body is JSON, or empty. */
        public JsonNode call(String method, String operation, String body) {
            return Sendproof.this.call(method, "/sandboxes/" + facts.get("sandbox").asText() + "/" + operation, body);
        }
    }
}
